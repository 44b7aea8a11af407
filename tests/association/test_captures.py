"""Sessions of real meters: the recorded client's requests are ours, and the recorded meter's answers are taken.

What these meters send (block sizes, invoke-ids, object lists of many kilobytes) was decided by nobody here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu import CosemAttributeDescriptor
from dlmskit.association import ClientAssociation
from dlmskit.codec.data import Data
from dlmskit.errors import TransportTimeout
from dlmskit.link.hdlc.frame import decode_frame
from dlmskit.link.hdlc.llc import split_llc
from dlmskit.types.conformance import Conformance
from dlmskit.types.obis import Obis
from tests.association.peers import PLAIN, Pair, credentials, drive
from tests.vectors import captures

SESSIONS = {entry["id"]: entry for entry in captures("sessions")}
OBJECT_LIST = CosemAttributeDescriptor(15, Obis("0.0.40.0.0.255").octets, 2)
LOGICAL_DEVICE_NAME = CosemAttributeDescriptor(1, Obis("0.0.42.0.0.255").octets, 2)


def apdus(session: str) -> list[tuple[str, bytes]]:
    """(direction, APDU) of a recorded session, frames of the link layer alone left out."""
    entry = SESSIONS[session]
    found = []
    for frame in entry["frames"]:
        octets = bytes.fromhex(frame["hex"])
        if entry["medium"] == "HDLC":
            information = decode_frame(octets).information
            octets = split_llc(information)[1] if information[:1] == b"\xe6" else b""
        else:
            octets = octets[8:]
        if octets:
            found.append((frame["dir"], octets))
    return found


class Recorded:
    """The line to a recorded meter: it gives the next answer, and notes what our client and the recorded one said."""

    def __init__(self, line: list[tuple[str, bytes]]) -> None:
        self._line = iter(line)
        self.ours: list[bytes] = []
        self.theirs: list[bytes] = []

    def __call__(self, octets: bytes) -> list[bytes]:
        self.ours.append(octets)
        for direction, recorded in self._line:
            if direction == "s2c":
                return [recorded]
            self.theirs.append(recorded)
        return []


def as_c1(octets: bytes) -> bytes:
    """Under the Invoke-Id-And-Priority that the recorded clients always use."""
    return octets[:2] + b"\xc1" + octets[3:]


@pytest.mark.parametrize(("session", "blocks"), [("ses-spodes-objlist", 60), ("ses-mercury-hls2-ln", 62)])
def test_object_lists_in_blocks(session: str, blocks: int) -> None:
    """An object list of a real meter, block by block: our requests are those of the recorded client."""
    line = apdus(session)
    start = next(index for index, (_, octets) in enumerate(line) if octets[:2] == b"\xc0\x01")
    recorded = Recorded(line[start:])
    pair = Pair(PLAIN).associate()
    with pytest.raises(TransportTimeout):  # the recordings stop before the last block
        drive(pair.client.get(OBJECT_LIST), recorded)
    assert len(recorded.ours) == blocks + 1
    assert list(map(as_c1, recorded.ours))[:-1] == recorded.theirs
    assert pair.client.deviations == ()


def test_a_public_session() -> None:
    """AARE, GET and the answer of a Kaifa meter over the wrapper."""
    recorded = Recorded(apdus("ses-kaifa-wrapper-gmac"))
    association = ClientAssociation(PLAIN, credentials(), random=bytes)
    context = drive(association.associate(), recorded)
    assert context.server_max_receive_pdu_size == 1224
    assert context.conformance == Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ | Conformance.MULTIPLE_REFERENCES | Conformance.GET
    value = drive(association.get(LOGICAL_DEVICE_NAME), recorded)
    assert isinstance(value, Data)
    assert value.value == b"KFM1000100000002"
    assert as_c1(recorded.ours[1]) == recorded.theirs[1]


def test_recorded_clients_at_our_server() -> None:
    """The plain AARQs of the recorded clients are accepted, and what they ask for next is served or denied, never misread."""
    for session in ("ses-kaifa-wrapper-gmac", "ses-india-is15959-open"):
        pair = Pair(server=replace(PLAIN, client_system_title=None))
        asked: list[Any] = [octets for direction, octets in apdus(session) if direction == "c2s"]
        assert pair.one(asked[0])[:2].hex() in {"6129", "614a"}
        assert pair.server.associated is not None
        assert pair.one(asked[1]).hex() == "c401c10104"
