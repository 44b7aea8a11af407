"""Lengths of A-XDR, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.reader import length_size, read_bit_length, read_length, read_length_strict, write_length
from dlmskit.errors import DecodeError, EncodeError

REST = bytes(300)


@pytest.mark.parametrize(
    ("field", "length"), [("00", 0), ("7f", 127), ("8100", 0), ("8180", 128), ("82000a", 10), ("820100", 256), ("8400000005", 5)]
)
def test_reads(field, length):
    octets = bytes.fromhex(field)
    assert read_length(b"\x55" + octets + REST, 1) == (length, 1 + len(octets))


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("", "ends before a length"),
        ("80", "length of 0 octets"),
        ("8500000000" + "01" * 9, "length of 5 octets"),
        ("88" + "ff" * 8, "length of 8 octets"),
        ("8201", "ends inside a length"),
        ("04010203", "says 4, 3 octets are left"),
        ("84ffffffff010203", "says 4294967295, 3 octets are left"),
    ],
)
def test_refuses(octets, reason):
    with pytest.raises(DecodeError, match=reason) as caught:
        read_length(bytes.fromhex(octets), 0, "here")
    assert (caught.value.offset, caught.value.path) == (0, "here")


@pytest.mark.parametrize("field", ["8105", "820005", "8400000005", "82007f"])
def test_the_strict_reader_refuses_longer_spellings(field):
    octets = bytes.fromhex(field) + REST
    assert read_length(octets, 0)[1] == len(field) // 2
    with pytest.raises(DecodeError, match="shortest"):
        read_length_strict(octets, 0)


@given(st.integers(0, (1 << 32) - 1))
def test_writes_the_shortest_form(length):
    field = write_length(length)
    assert len(field) == length_size(length)
    if length <= 300:
        assert read_length_strict(field + bytes(length), 0) == (length, len(field))
    else:
        with pytest.raises(DecodeError, match=f"says {length}, 300 octets"):
            read_length(field + REST, 0)


@pytest.mark.parametrize("length", [-1, 1 << 32])
def test_writes_no_other_length(length):
    with pytest.raises(EncodeError):
        write_length(length)


def test_bits_are_held_against_octets():
    assert read_bit_length(b"\x0a\xff\xc0", 0) == (10, 2, 1)
    with pytest.raises(DecodeError, match="says 65535 bits, 1 octets are left"):
        read_bit_length(bytes.fromhex("82ffff00"), 0)
