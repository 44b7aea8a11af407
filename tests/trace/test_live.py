"""APDUs out of octets as they come, whatever the pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.control import FrameKind, unnumbered
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.trace.live import LiveFrames, sap_of
from tests.vectors import load

GET = bytes.fromhex("C001C100030100010800FF0200")
UI = unnumbered(FrameKind.UI, poll_final=True)


def segmented() -> tuple[bytes, bytes]:
    """The frames of a long APDU, and the APDU."""
    vector = next(one for one in load("hdlc", "segmentation") if len(one.get("frames", [])) > 1)
    return b"".join(bytes.fromhex(frame) for frame in vector["frames"]), bytes.fromhex(vector["apdu"])


@given(cuts=st.lists(st.integers(1, 60), max_size=20))
def test_wrapper_in_any_pieces(cuts: list[int]) -> None:
    stream = encode_wrapper(16, 1, GET) * 3
    frames, found, at = LiveFrames(), [], 0
    for size in [*cuts, len(stream)]:
        found += frames.feed(stream[at : at + size])
        at += size
    assert [(apdu.octets, apdu.source, apdu.destination) for apdu in found] == [(GET, "16", "1")] * 3


def test_segments_of_hdlc_are_joined_and_noise_is_passed_over() -> None:
    octets, apdu = segmented()
    frames = LiveFrames()
    found = [one for octet in b"\x7e\x12\x34\x7e" + octets for one in frames.feed(bytes([octet]))]
    assert [one.octets for one in found] == [apdu]
    assert frames.passed_over >= 2


def test_what_has_no_end_of_its_own_waits_for_the_pause() -> None:
    frames = LiveFrames()
    assert frames.feed(GET[:5]) == []
    assert frames.feed(GET[5:]) == []
    assert [one.octets for one in frames.pause()] == [GET]
    assert frames.pause() == []


def test_a_stream_that_lost_its_borders_begins_anew() -> None:
    frames = LiveFrames()
    assert [one.octets for one in frames.feed(encode_wrapper(16, 1, GET))] == [GET]
    assert frames.feed(b"\x00\x07garbage!") == []
    assert [one.octets for one in frames.feed(encode_wrapper(16, 1, GET))] == [GET]


def test_noise_at_the_start_ends_with_the_pause() -> None:
    frames = LiveFrames()
    assert frames.feed(b"\x00\x07garbage!") == []
    assert frames.pause() == []
    assert [one.octets for one in frames.feed(encode_wrapper(16, 1, GET))] == [GET]


@pytest.mark.parametrize(("address", "sap"), [("1/17", 1), ("16", 16), ("", 0), ("x", 0)])
def test_saps(address: str, sap: int) -> None:
    assert sap_of(address) == sap


def test_many_unfinished_messages_take_no_room() -> None:
    frames = LiveFrames()
    for number in range(2000):
        part = HdlcFrame(client_address(number % 100 + 1), server_address(number + 1, 17), UI, b"\xe6\xe7\x00" + bytes(100), True)
        assert frames.feed(part.encode()) == []
    assert frames._payloads.remembered <= 64
