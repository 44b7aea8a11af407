"""A frame that stops in its middle is given up after the inter-octet time, and what comes behind it is understood."""

from __future__ import annotations

import pytest

from dlmskit.link.hdlc import control
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.receiver import HdlcReceiver

SECONDS = 0.5
FRAME = HdlcFrame(client_address(16), server_address(1), control.information(0, 0, poll_final=True), b"\xe6\xe7\x00answer")
GOOD = FRAME.encode()
BEGUN = bytes.fromhex("7E A7 FF 03")
"""A frame that announces 2047 octets, and of which no more comes."""


@pytest.mark.case("R-022")
def test_what_follows_an_unfinished_frame_is_not_taken_for_its_rest() -> None:
    """Else a frame that announced the most would swallow the next two thousand octets."""
    receiver = HdlcReceiver(SECONDS)
    assert receiver.feed(BEGUN, 10.0) == []
    assert receiver.due == 10.0 + SECONDS
    assert receiver.feed(GOOD, 10.0 + SECONDS) == [FRAME]


@pytest.mark.case("R-022")
def test_what_hid_behind_an_unfinished_frame_comes_to_light_when_it_is_given_up() -> None:
    receiver = HdlcReceiver(SECONDS)
    assert receiver.feed(BEGUN + GOOD, 10.0) == []
    assert receiver.tick(10.25) == []
    assert receiver.tick(10.0 + SECONDS) == [FRAME]
    assert not receiver.unfinished
    assert receiver.due is None


@pytest.mark.case("R-022")
def test_octets_that_come_in_time_belong_to_their_frame() -> None:
    """However slowly the whole of it comes: every octet begins the time anew."""
    receiver = HdlcReceiver(SECONDS)
    found = [frame for at, octet in enumerate(GOOD) for frame in receiver.feed(bytes([octet]), 0.25 * at)]
    assert found == [FRAME]
    assert receiver.due is None
    assert receiver.passed_over == 0
