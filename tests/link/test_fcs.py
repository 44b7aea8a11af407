"""Check sequences against the vectors, and the residue property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.link.fcs import crc16_arc, crc_en13757, fcs16, fcs16_ok
from tests.vectors import captures, load, parameters


@pytest.mark.parametrize("entry", parameters(load("hdlc", "crc")))
def test_fcs16(entry):
    octets = bytes.fromhex(entry["data"])
    assert fcs16(octets) == bytes.fromhex(entry["crc"])[::-1]
    assert fcs16_ok(octets + fcs16(octets))


@pytest.mark.parametrize("entry", parameters(load("hdlc", "en13757_crc")))
def test_crc_en13757(entry):
    assert crc_en13757(bytes.fromhex(entry["data"])) == int(entry["crc"], 16)


@pytest.mark.parametrize("entry", parameters(captures("p1_ascii")))
def test_crc16_arc_of_real_telegrams(entry):
    octets = bytes.fromhex(entry["hex"])
    end = octets.index(b"!") + 1
    written = octets[end : end + 4].decode().strip()
    if entry["verified"]["crc16_ok"] is not None:
        assert (crc16_arc(octets[:end]) == int(written, 16)) is entry["verified"]["crc16_ok"]


def test_crc16_arc_check_value():
    assert crc16_arc(b"123456789") == 0xBB3D


@given(st.binary(max_size=200), st.integers(0, 7), st.data())
def test_every_single_bit_error_is_seen(octets, bit, data):
    sealed = bytearray(octets + fcs16(octets))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << bit
    assert not fcs16_ok(bytes(sealed))
