"""S-FSK: MAC frames, repetition by credit, and what a receiver makes of the copies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Sdu
from dlmskit.link.sfsk import (
    FIRST_INITIATOR,
    MAX_APDU_OCTETS,
    MAX_LLC_OCTETS,
    SUBFRAME_SECONDS,
    MacFrame,
    SfskAdaptation,
    decode_frame,
)


def ends(credit=0):
    return SfskAdaptation(FIRST_INITIATOR, 0x123, credit=credit), SfskAdaptation(0x123, FIRST_INITIATOR, credit=credit)


def test_frame_as_the_standard_lays_it_out():
    octets = MacFrame(FIRST_INITIATOR, 0x123, b"\x90\x01\x10\xc0", 3, 2, 1).encode()
    assert len(octets) == 36
    assert octets[:11].hex() == "6c6c69c0012316900110c0"
    assert octets[11:-3] == bytes(22)
    assert decode_frame(octets) == MacFrame(FIRST_INITIATOR, 0x123, b"\x90\x01\x10\xc0", 3, 2, 1)


@pytest.mark.parametrize(("size", "subframes"), [(1, 1), (26, 1), (27, 2), (62, 2), (63, 3), (MAX_LLC_OCTETS, 7)])
def test_sizes(size, subframes):
    frame = MacFrame(1, 2, bytes(size))
    assert len(frame.encode()) == 36 * subframes
    assert decode_frame(frame.encode()) == frame


@pytest.mark.parametrize(
    "frame",
    [
        MacFrame(1, 2, b""),
        MacFrame(1, 2, bytes(243)),
        MacFrame(0x1000, 2, b"x"),
        MacFrame(1, 2, b"x", 8, 8),
        MacFrame(1, 2, b"x", 1, 2),
    ],
)
def test_what_no_frame_can_say_is_refused(frame):
    with pytest.raises(EncodeError):
        frame.encode()


def test_every_single_error_is_found():
    octets = MacFrame(1, 2, b"\x90\x01\x10\xc0").encode()
    for at in range(len(octets)):
        for bit in range(8):
            with pytest.raises(DecodeError):
                decode_frame(octets[:at] + bytes((octets[at] ^ 1 << bit,)) + octets[at + 1 :])
    with pytest.raises(DecodeError):
        decode_frame(octets[:-1])


def test_repeaters_use_the_credit_up():
    frame: MacFrame | None = MacFrame(1, 2, b"x", 3, 3)
    left = []
    while frame is not None:
        left.append(frame.current_credit)
        frame = frame.repeated()
    assert left == [3, 2, 1, 0]


def test_copies_are_taken_once_and_the_next_equal_frame_again():
    here, there = ends(credit=3)
    for _ in range(2):
        here.submit(Sdu(16, 1, b"again"), 0)
    slot = SUBFRAME_SECONDS
    assert len(here.frames) == 1  # the second waits until all copies of the first are through
    assert here.due == pytest.approx(4 * slot)
    now, frame = 0.0, decode_frame(here.frames.popleft()).repeated()  # the first is not heard
    while frame is not None:
        now += slot
        there.receive(frame.encode(), now)
        frame = frame.repeated()
    assert list(there.arrived) == [Sdu(16, 1, b"again")]
    here.tick(4 * slot)
    there.receive(here.frames.popleft(), 4 * slot)
    assert len(there.arrived) == 2


def test_frames_between_others_and_other_services_are_dropped():
    _, there = ends()
    for frame in (
        MacFrame(1, 0x123, b"\x90\x01\x10\xc0"),
        MacFrame(FIRST_INITIATOR, 0x124, b"\x90\x01\x10\xc0"),
        MacFrame(FIRST_INITIATOR, 0x123, b"\x91\x01\x10\xc0"),
    ):
        there.receive(frame.encode(), 0)
    assert (there.discarded, len(there.arrived)) == (3, 0)


def test_bounds():
    here, _ = ends()
    with pytest.raises(EncodeError, match=f"an APDU of {MAX_APDU_OCTETS} octets"):
        here.submit(Sdu(16, 1, bytes(MAX_APDU_OCTETS + 1)), 0)
    with pytest.raises(EncodeError, match="16 frames wait"):
        for _ in range(20):
            here.submit(Sdu(16, 1, b"x"), 0)


@given(st.binary(max_size=80))
def test_hostile_frames_raise_nothing(octets):
    _, there = ends()
    there.receive(octets, 0)
    assert not there.arrived
