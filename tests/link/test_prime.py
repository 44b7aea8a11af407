"""PRIME's convergence layer: LLC and segments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Sdu
from dlmskit.link.llc432 import decode_llc, encode_llc
from dlmskit.link.prime import MAX_APDU_OCTETS, REASSEMBLY_SECONDS, PrimeAdaptation

LONG = Sdu(1, 16, bytes(index & 0xFF for index in range(600)))


def segments(sdu, octets=254):
    one = PrimeAdaptation(octets)
    one.submit(sdu, 0)
    return list(one.frames)


def test_llc_both_ways():
    octets = encode_llc(Sdu(16, 1, b"\xc0\x01"))
    assert octets.hex() == "900110c001"
    assert decode_llc(octets) == Sdu(16, 1, b"\xc0\x01")
    for bad in (b"", b"\x90\x01\x10", b"\x91\x01\x10\xc0"):
        with pytest.raises(DecodeError):
            decode_llc(bad)
    with pytest.raises(EncodeError):
        encode_llc(Sdu(256, 1, b"x"))


def test_one_segment_and_three():
    assert segments(Sdu(16, 1, b"\xc0")) == [bytes.fromhex("00900110c0")]
    headers = [frame[0] for frame in segments(LONG)]
    assert headers == [0x02, 0x41, 0x82]


@pytest.mark.parametrize("size", [1, 251, 252, 505, 506, MAX_APDU_OCTETS])
def test_both_ways(size):
    there = PrimeAdaptation()
    for frame in segments(Sdu(1, 16, bytes(size))):
        there.receive(frame, 0)
    assert list(there.arrived) == [Sdu(1, 16, bytes(size))]
    assert there.due is None


@pytest.mark.parametrize("order", [[0, 2], [1, 2], [0, 0, 2], [0, 2, 1], [0, 1, 1, 2], [2], []])
def test_a_gap_ends_the_apdu_and_the_next_one_is_whole(order):
    there, frames = PrimeAdaptation(), segments(LONG)
    for number in order:
        there.receive(frames[number], 0)
    assert not there.arrived
    for frame in frames:
        there.receive(frame, 0)
    assert list(there.arrived) == [LONG]


def test_unfinished_is_given_up():
    there = PrimeAdaptation()
    there.receive(segments(LONG)[0], 5)
    assert there.due == 5 + REASSEMBLY_SECONDS
    there.tick(5 + REASSEMBLY_SECONDS)
    assert there.due is None
    assert there.discarded == 1


def test_too_long():
    with pytest.raises(EncodeError, match=f"carry {MAX_APDU_OCTETS} octets"):
        segments(Sdu(1, 16, bytes(MAX_APDU_OCTETS + 1)))


@given(st.lists(st.binary(max_size=10), max_size=30))
def test_hostile_segments_raise_nothing(frames):
    there = PrimeAdaptation()
    for frame in frames:
        there.receive(frame, 0)
    assert len(there._parts) <= 64
