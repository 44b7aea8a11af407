"""Sessions of real meters: the recorded client's requests are ours, and the recorded meter's answers are taken.

What these meters send (block sizes, invoke-ids, object lists of many kilobytes) was decided by nobody here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu import CosemAttributeDescriptor, VariableName
from dlmskit.association import AssociationSettings, ClientAssociation, ClientTolerances, Credentials
from dlmskit.codec.data import Data
from dlmskit.cosem.object_list import ListedName
from dlmskit.cosem.short_names import signed
from dlmskit.errors import DecodeError, TransportTimeout
from dlmskit.link.hdlc.frame import decode_frame
from dlmskit.link.hdlc.llc import split_llc
from dlmskit.security.keys import KeySet, Secret
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ApplicationContext, Mechanism
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


def test_a_session_with_short_names() -> None:
    """A Mercury meter: our AARQ and our READ are the recorded ones, and its object list of many kilobytes is taken."""
    line = apdus("ses-mercury-sn-seg")
    segments = [decode_frame(bytes.fromhex(frame["hex"])).information for frame in SESSIONS["ses-mercury-sn-seg"]["frames"]]
    begun = next(index for index, one in enumerate(segments) if one[3:4] == b"\x0c")
    answer = b"".join((segments[begun][3:], *segments[begun + 1 :]))
    way = AssociationSettings(
        application_context=ApplicationContext.SN,
        mechanism=Mechanism.LLS,
        conformance=Conformance(0x1C0320),
        tolerances=ClientTolerances(unproposed_conformance=True),
    )
    empty = Credentials(keys=KeySet(lls_password=Secret(b"")))
    association = ClientAssociation(way, empty, random=bytes)
    recorded = Recorded(line[:2])
    context = drive(association.associate(), recorded)
    assert context.conformance == Conformance.READ | Conformance.WRITE | Conformance.UNCONFIRMED_WRITE | (
        Conformance.MULTIPLE_REFERENCES | Conformance.INFORMATION_REPORT | Conformance.PARAMETERIZED_ACCESS
    )
    assert context.deviations == ()
    assert recorded.ours[0].hex() == line[0][1].hex()
    read = Recorded([line[2], ("s2c", answer)])
    with pytest.raises(DecodeError):  # the recording stops before the last segment
        drive(association.read_names([VariableName(signed(0xFA08))]), read)
    assert read.ours == [line[2][1]]


def test_the_object_list_of_a_meter_with_short_names() -> None:
    """As far as it was recorded: every whole element is a name, and all base names are different."""
    segments = [decode_frame(bytes.fromhex(frame["hex"])).information for frame in SESSIONS["ses-mercury-sn-seg"]["frames"]]
    begun = next(index for index, one in enumerate(segments) if one[3:4] == b"\x0c")
    octets = b"".join((segments[begun][3:], *segments[begun + 1 :]))[7:]
    size = len(bytes.fromhex("02041000001200031100090601000F0800FF"))
    names = [ListedName.from_data(Data.decode(octets[at : at + size])) for at in range(0, len(octets) - size, size)]
    assert len(names) > 150
    assert len({one.base_name for one in names}) == len(names)
    assert (names[0].class_id, str(names[0].logical_name), names[1].base_name) == (3, "1.0.15.8.0.255", 0x18)
