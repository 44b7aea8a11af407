"""Frames out of a stream: every way of delivery, garbage around, lengths that lie."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.hdlc.frame import HdlcFrame, decode_frame
from tests.vectors import captures, load, parameters

VECTORS = [bytes.fromhex(entry["hex"]) for entry in load("hdlc", "frames")]
GOOD = bytes.fromhex("7EA0070321930F017E")


def _feed(octets: bytes, cuts: list[int], deframer: HdlcDeframer | None = None) -> list[HdlcFrame]:
    deframer = deframer or HdlcDeframer()
    edges = [0, *sorted(cuts), len(octets)]
    return [frame for start, end in pairwise(edges) for frame in deframer.feed(octets[start:end])]


@pytest.mark.parametrize("join", [b"", b"\x7e", b"\x7e\x7e\x7e"], ids=["glued", "one idle flag", "idle flags"])
@pytest.mark.parametrize("step", [1, 2, 3, 7, 100, 100_000])
def test_frames_of_the_vectors_in_any_pieces(join, step):
    octets = join.join(VECTORS)
    found = _feed(octets, list(range(0, len(octets), step)))
    assert [frame.encode() for frame in found] == VECTORS


def test_one_flag_between_two_frames():
    octets = VECTORS[0] + b"".join(frame[1:] for frame in VECTORS[1:])
    for step in (1, 5, 100_000):
        assert [frame.encode() for frame in _feed(octets, list(range(0, len(octets), step)))] == VECTORS


@pytest.mark.parametrize("entry", parameters(captures("sessions", medium="HDLC")))
def test_real_session_octet_by_octet(entry):
    frames = [bytes.fromhex(frame["hex"]) for frame in entry["frames"]]
    octets = b"".join(frames)
    assert [frame.encode() for frame in _feed(octets, list(range(len(octets))))] == frames


@pytest.mark.case("R-019")
@pytest.mark.parametrize(
    "liar",
    [
        pytest.param("7EA03A02232110E670E6E600C001C100080000010000FF0200601A7E", id="longer than the frame"),
        pytest.param("7EA01802232110E670E6E600C001C100080000010000FF0200601A7E", id="shorter than the frame"),
        pytest.param("7EA7FF02232110E670E6E600C001C100080000010000FF0200601A7E", id="2047 octets"),
        pytest.param("7EA0057E7E", id="below the minimum"),
        pytest.param("7EA01A02232110", id="cut"),
        pytest.param("7EA01A7EA01A7EA01A", id="begins again and again"),
    ],
)
@pytest.mark.parametrize("step", [1, 9, 100_000])
def test_next_honest_frame_is_found(liar, step):
    octets = bytes.fromhex(liar)
    deframer = HdlcDeframer()
    assert _feed(octets, list(range(0, len(octets), step)), deframer) == []
    found = deframer.feed(GOOD) + deframer.expire()
    assert found == [decode_frame(GOOD)]
    assert deframer.feed(GOOD) == [decode_frame(GOOD)]


@pytest.mark.case("R-018")
@pytest.mark.parametrize("entry", parameters(load("hdlc", "must_reject")[:3]))
def test_wrong_check_sequence_is_counted_and_the_next_frame_found(entry):
    deframer = HdlcDeframer()
    assert deframer.feed(bytes.fromhex(entry["hex"])) == []
    assert deframer.check_errors == 1
    assert deframer.feed(GOOD) == [decode_frame(GOOD)]


@pytest.mark.case("R-018")
def test_every_single_bit_error_is_passed_over_and_the_next_frame_found():
    octets = bytes.fromhex("7EA01A02232132F672E6E600C001C100080000010000FF0200601A7E")
    for index in range(len(octets)):
        for bit in range(8):
            changed = bytearray(octets)
            changed[index] ^= 1 << bit
            deframer = HdlcDeframer()
            found = deframer.feed(bytes(changed)) + deframer.feed(octets) + deframer.expire()
            assert found == [decode_frame(octets)]


def test_silence_in_the_middle_of_a_frame():
    deframer = HdlcDeframer()
    assert deframer.feed(GOOD[:6]) == []
    assert deframer.expire() == []
    assert not deframer.pending
    assert deframer.feed(GOOD) == [decode_frame(GOOD)]


def test_garbage_without_flags_is_not_held():
    deframer = HdlcDeframer()
    deframer.feed(bytes(100_000))
    assert (deframer.pending, deframer.passed_over) == (0, 100_000)


@given(st.lists(st.one_of(st.sampled_from(VECTORS), st.binary(max_size=40)), max_size=8), st.data())
def test_pieces_do_not_matter(parts, data):
    octets = b"".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=20))
    whole, pieces = HdlcDeframer(), HdlcDeframer()
    expected = [*whole.feed(octets), *whole.expire()]
    assert [*_feed(octets, cuts, pieces), *pieces.expire()] == expected


@given(st.binary(max_size=5000))
def test_never_holds_more_than_a_frame(octets):
    deframer = HdlcDeframer()
    deframer.feed(octets)
    assert deframer.pending <= 2049
