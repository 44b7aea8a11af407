"""Bit strings: bit 0 is the most significant bit of octet 0."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.types.bits import BitString

TEXT = st.text("01", max_size=200)


@pytest.mark.parametrize(
    ("octets", "bits", "text", "number"),
    [
        (b"", 0, "", 0),
        (b"\x80", 1, "1", 1),
        (b"\x80", 2, "10", 2),
        (b"\x01", 8, "00000001", 1),
        (b"\xa5\x80", 9, "101001011", 331),
        (b"\x00\x7e\x1f", 24, "000000000111111000011111", 0x007E1F),
    ],
)
def test_octets_and_bits(octets, bits, text, number):
    row = BitString.from_octets(octets, bits)
    assert (str(row), int(row), len(row), row.octets()) == (text, number, bits, octets)
    assert row == BitString(text) == BitString.from_int(number, bits)


@pytest.mark.parametrize(("octets", "bits"), [(b"", 1), (b"\x00", 0), (b"\x00", 9), (b"\x00\x00", 8), (b"\x00", -1)])
def test_count_and_octets_must_agree(octets, bits):
    with pytest.raises(DecodeError, match="bit string"):
        BitString.from_octets(octets, bits)


def test_unused_bits_are_dropped():
    assert BitString.from_octets(b"\xff", 3) == BitString("111")
    assert BitString.from_octets(b"\xff", 3).octets() == b"\xe0"


@pytest.mark.parametrize("text", ["2", "0x1", "01 01", "b01", "٠"])
def test_other_text_is_refused(text):
    with pytest.raises(ConfigError, match="digits 0 and 1"):
        BitString(text)


@pytest.mark.parametrize(("number", "bits"), [(-1, 8), (256, 8), (1, 0), (0, -1)])
def test_numbers_that_do_not_fit_are_refused(number, bits):
    with pytest.raises(ConfigError, match="does not fit"):
        BitString.from_int(number, bits)


@given(TEXT)
def test_round_trips(text):
    row = BitString(text)
    assert BitString.from_octets(row.octets(), len(row)) == BitString.from_int(int(row), len(row)) == row
    assert [bool(int(bit)) for bit in text] == list(row) == [row[at] for at in range(len(row))]
    assert row.positions() == tuple(at for at, bit in enumerate(row) if bit)
    assert copy.deepcopy(row) == row
    assert hash(row) == hash(BitString(text))
    assert len(repr(row)) < 100


def test_a_row_equals_only_a_row():
    assert BitString("01") != "01"
    assert BitString("01") != BitString("1")
