"""Short names on both sides: services, blocks, HLS, ciphering, wrong states (application layer, 5.10, 5.11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import (
    BlockNumberAccess,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    decode_apdu,
)
from dlmskit.association import AssociationSettings, ConfirmedServiceErrorReceived, EventCode, State, Wrapping
from dlmskit.codec.data import Data
from dlmskit.errors import LocalProtocolError, RemoteProtocolError, SecurityError, TransportTimeout
from dlmskit.security.control import SecurityControl
from dlmskit.security.envelope import FORM_OF_TAG, Form
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ApplicationContext, DataAccessResult, Mechanism
from tests.association.peers import OTHER_KEYS, PLAIN, VALUE, Pair, answers, settings
from tests.vectors import load

SN, SN_CIPHERED = ApplicationContext.SN, ApplicationContext.SN_CIPHERED
SHORT = settings(application_context=SN)
SECURED_SHORT = settings(application_context=SN_CIPHERED, mechanism=Mechanism.HLS_GMAC)
READABLE, READ_ONLY, BROKEN, HIDDEN, GUARDED, ABSENT = map(VariableName, (0x0108, 0x0110, 0x0140, 0x0208, 0x0210, 0x0308))
ECHO, DENIED_METHOD, FAILING = 0x0420, 0x0428, 0x0438
NUMBER, OTHER, NOTHING = Data.double_long_unsigned(1234), Data.double_long_unsigned(5), Data.null()
LONG = Data.octet_string(bytes(range(256)) * 2)
OK, DENIED = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED
READ_REFUSED, WRITE_REFUSED = "0e050302", "0e060302"

WAYS = {
    "clear": SHORT,
    "LLS": settings(application_context=SN, mechanism=Mechanism.LLS),
    "HLS": settings(application_context=SN, mechanism=Mechanism.HLS_GMAC),
    "glo": SECURED_SHORT,
    "ded": replace(SECURED_SHORT, dedicated_key=True),
    "general-glo": replace(SECURED_SHORT, wrapping=Wrapping.GENERAL),
    "general-ciphering": replace(SECURED_SHORT, wrapping=Wrapping.GENERAL_CIPHERING),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_open_use_release(way: AssociationSettings) -> None:
    pair = Pair(way)
    context = pair.run(pair.client.associate())
    assert {pair.client.state, pair.server.state} == {State.ASSOCIATED}
    assert context.deviations == (), "vaa-name is FA00"
    assert Conformance.READ in context.conformance
    assert Conformance.GET not in context.conformance
    results = pair.run(pair.client.read_names([READABLE, ABSENT, HIDDEN, BROKEN, VariableName(0x7777), GUARDED]))
    guarded = NUMBER if way.ciphered else DENIED
    assert results == [NUMBER, 4, DENIED, DataAccessResult.OTHER_REASON, 4, guarded]
    assert pair.run(pair.client.write_names([READABLE, READ_ONLY, VariableName(0x7777)], [OTHER] * 3)) == [OK, DENIED, 4]
    assert pair.meter.value == OTHER
    echoed = pair.run(pair.client.read_names([ParameterizedAccess(ECHO, 0, LONG), VariableName(ECHO)]))
    assert echoed == [LONG, NOTHING], "a method is read where it returns something"
    assert pair.run(
        pair.client.write_names([VariableName(ECHO), VariableName(FAILING), VariableName(DENIED_METHOD)], [OTHER] * 3)
    ) == [
        OK,
        DataAccessResult.TEMPORARY_FAILURE,
        DENIED,
    ]
    assert pair.serve(pair.client.write_names_unconfirmed([READABLE], [NUMBER])) == []
    assert pair.meter.value == NUMBER
    if way.ciphered and way.wrapping is Wrapping.SERVICE_SPECIFIC:
        assert {FORM_OF_TAG[octets[0]].dedicated for octets in pair.sent[-2:]} == {way.dedicated_key}
    assert pair.run(pair.client.release())
    assert {pair.client.state, pair.server.state} == {State.IDLE}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_everything_again_in_blocks(way: AssociationSettings) -> None:
    """Both sides receive 160 octets at most: long answers, long requests of READ and WRITE, and both in one."""
    pair = Pair(replace(way, max_pdu_size=160)).associate()
    opened = len(pair.sent)
    assert pair.run(pair.client.write_names([READABLE], [LONG])) == [OK]
    assert pair.run(pair.client.read_names([READABLE])) == [LONG]
    assert pair.run(pair.client.read_names([READABLE, HIDDEN, READABLE])) == [LONG, DENIED, LONG]
    assert pair.run(pair.client.read_names([ParameterizedAccess(ECHO, 0, LONG)])) == [LONG]
    assert pair.run(pair.client.write_names([READ_ONLY, READABLE], [LONG, Data.array([LONG])])) == [DENIED, OK]
    assert pair.meter.value == Data.array([LONG])
    assert all(len(octets) <= 160 for octets in pair.sent[opened:] + pair.received[opened:])
    assert max(map(len, pair.received[opened:])) > 140, "blocks are as large as they may be"


def test_hls_with_wrong_keys_opens_nothing() -> None:
    pair = Pair(settings(application_context=SN, mechanism=Mechanism.HLS_GMAC), server_keys=OTHER_KEYS)
    with pytest.raises(SecurityError, match="did not take our answer"):
        pair.run(pair.client.associate())
    assert pair.server.state is State.IDLE
    assert pair.received[-1].hex() == "0c0101fa"
    assert EventCode.AUTHENTICATION_FAILED in pair.server_log.codes()


def test_before_the_proof_nothing_is_read() -> None:
    pair = Pair(settings(application_context=SN, mechanism=Mechanism.HLS_GMAC))
    exchange = pair.client.associate()
    pair.serve(next(exchange)[0])
    assert pair.server.state is State.HLS_PENDING
    for octets in ("0501020108", "06010201080105", "050102FA58", "0502020108020108", "05"):
        assert pair.one(bytes.fromhex(octets)).hex() == "0e010302", octets
    assert not pair.one(bytes.fromhex("1601020108010905"))
    assert pair.one(bytes.fromhex("C001C100030100010800FF0200")).hex() == "d80102"
    assert not pair.meter.log


# --- The server, octet by octet --------------------------------------------------------------------------------------------


def block(number: int, raw: bytes, *, last: bool = False) -> bytes:
    return ReadRequest((ReadDataBlockAccess(last, number, raw),)).encode()


def wblock(number: int, raw: bytes, *, last: bool = False) -> bytes:
    return WriteRequest((WriteDataBlockAccess(last, number),), (Data.octet_string(raw),)).encode()


def following(number: int) -> bytes:
    return ReadRequest((BlockNumberAccess(number),)).encode()


READ_IT, WRITE_IT = bytes.fromhex("01020108"), bytes.fromhex("01020108 01 0600000005")
SEQUENCES = {
    "a vector: read in a block": ([(block(1, READ_IT, last=True), "0c010006000004d2")], 0),
    "two blocks": ([(block(1, READ_IT[:2]), "0c01030001"), (block(2, READ_IT[2:], last=True), "0c010006000004d2")], 0),
    "write in two blocks": ([(wblock(1, WRITE_IT[:5]), "0d01020001"), (wblock(2, WRITE_IT[5:], last=True), "0d0100")], 1),
    "no long read": ([(following(1), "0c010110")], 0),
    "a block of nothing": ([(block(2, READ_IT, last=True), "0c010110"), (wblock(3, WRITE_IT, last=True), "0d010112")], 0),
    "number skipped": ([(block(1, READ_IT[:2]), "0c01030001"), (block(3, READ_IT[2:], last=True), "0c010113")], 0),
    "write, number repeated": ([(wblock(1, WRITE_IT[:5]), "0d01020001"), (wblock(1, WRITE_IT[:5]), "0d010113")], 0),
    "cut": ([(block(1, READ_IT[:-1], last=True), READ_REFUSED), (wblock(1, WRITE_IT[:-1], last=True), WRITE_REFUSED)], 0),
    "another request between": (
        [
            (wblock(1, WRITE_IT[:5]), "0d01020001"),
            (b"\x05" + READ_IT, "0c010006000004d2"),
            (wblock(2, WRITE_IT[5:], last=True), "0d010112"),
        ],
        0,
    ),
    "a read block into a write": ([(wblock(1, WRITE_IT[:5]), "0d01020001"), (block(2, WRITE_IT[5:], last=True), "0c010110")], 0),
    "values missing": ([(bytes.fromhex("0602020108020108010600000005"), WRITE_REFUSED)], 0),
    "a block whose value is no octet-string": ([(bytes.fromhex("060107010001010600000005"), WRITE_REFUSED)], 0),
    "octets behind a READ": ([(bytes.fromhex("050102010800"), READ_REFUSED)], 0),
    "octets behind a WRITE": ([(bytes.fromhex("06010201080106 0000000500"), WRITE_REFUSED)], 0),
    "unknown choice": ([(bytes.fromhex("0501090108"), READ_REFUSED)], 0),
    "detailed access": ([(bytes.fromhex("0501030108"), READ_REFUSED)], 0),
    "count beyond the end": ([(bytes.fromhex("0582FFFF020108"), READ_REFUSED)], 0),
    "a block number among names": ([(bytes.fromhex("0502020108050001"), "0c020006000004d201fa")], 0),
    "nothing asked for": ([(bytes.fromhex("0500"), "0c00"), (bytes.fromhex("060000"), "0d00")], 0),
    "a GET": ([(bytes.fromhex("C001C1000F0000280000FF0200"), "d80102")], 0),
    "an ACCESS": ([(bytes.fromhex("D94000000100000000"), "d80102")], 0),
    "an unknown tag": ([(b"\x99", "d80202")], 0),
}


@pytest.mark.parametrize(("steps", "effects"), SEQUENCES.values(), ids=SEQUENCES)
def test_answers_of_the_server(steps: list[tuple[bytes, str]], effects: int) -> None:
    pair = Pair(SHORT).associate()
    for octets, answer in steps:
        assert pair.one(octets).hex() == answer
    assert pair.meter.effects == effects
    assert pair.run(pair.client.read_names([READABLE])) == [pair.meter.value]


def test_a_long_answer_once_more_and_beyond_its_end() -> None:
    pair = Pair(replace(SHORT, max_pdu_size=400)).associate()
    pair.meter.value = LONG
    first = pair.one(b"\x05" + READ_IT)
    second = pair.one(following(1))
    assert pair.one(following(1)) == second, "asked for once more"
    assert pair.one(following(2)).hex() == "0c010110"
    assert isinstance(decode_apdu(first), ReadResponse)
    assert pair.one(b"\x05" + READ_IT) == first
    assert pair.one(following(7)).hex() == "0c010113"


def test_blocks_go_on_under_the_protection_they_began_with() -> None:
    """A block without protection in front of one with it: nothing is written (as with logical names)."""
    pair = Pair(replace(SECURED_SHORT, security_policy=SecurityPolicy.NOTHING)).associate()
    assert pair.one(wblock(1, WRITE_IT[:5])).hex() == "0d01020001"
    assert pair.client.security is not None
    last = protect(wblock(2, WRITE_IT[5:], last=True), pair.client.security, Form.GLO, SecurityControl(0x30))
    assert pair.one(last)[0] == 0x2D
    assert not pair.meter.effects


@pytest.mark.parametrize(
    ("left", "octets", "answer"),
    [
        (Conformance.READ, "06010201080105", WRITE_REFUSED),
        (Conformance.WRITE, "0501020108", READ_REFUSED),
        (Conformance.READ | Conformance.WRITE, "0502020108020108", READ_REFUSED),
        (Conformance.READ | Conformance.WRITE, "06020201080201080205050505", WRITE_REFUSED),
        (Conformance.READ, "050104010801 00", "0c01010d"),
        (Conformance.READ, "0501040420001105", "0c01010d"),
        (Conformance.WRITE, "060104010801000106 00000005", "0d01010d"),
        (Conformance.READ, "0501050001", "0c010110"),
        (Conformance.READ, "05010601000104 01020108", READ_REFUSED),
        (Conformance.WRITE, "06010701000101090101", WRITE_REFUSED),
    ],
)
def test_what_was_not_negotiated(left: Conformance, octets: str, answer: str) -> None:
    pair = Pair(replace(SHORT, conformance=left)).associate()
    assert pair.one(bytes.fromhex(octets)).hex() == answer
    assert not pair.meter.effects


def test_an_unconfirmed_write_that_was_not_negotiated_does_nothing() -> None:
    pair = Pair(replace(SHORT, conformance=Conformance.READ)).associate()
    assert not pair.one(UnconfirmedWriteRequest((READABLE,), (OTHER,)).encode())
    assert not pair.meter.log


def test_too_long() -> None:
    pair = Pair(SHORT, replace(SHORT, max_pdu_size=64)).associate()
    assert pair.one(bytes.fromhex("0501020108") + bytes(64)).hex() == "0e050301"
    assert pair.one(bytes.fromhex("06010201080109") + bytes(64)).hex() == "0e060301"
    tiny = Pair(replace(SHORT, max_pdu_size=20), replace(SHORT, max_pdu_size=0)).associate()
    many = WriteRequest((READABLE,) * 30, (OTHER,) * 30).encode()
    assert tiny.one(many).hex() == "0e060301"
    assert not tiny.meter.log, "refused before anything is written"


def test_no_usable_conformance() -> None:
    pair = Pair(SHORT, replace(SHORT, conformance=PLAIN.conformance & ~SHORT.conformance | Conformance.MULTIPLE_REFERENCES))
    with pytest.raises(Exception, match="incompatible-conformance"):
        pair.run(pair.client.associate())


def test_logical_names_are_another_context() -> None:
    pair = Pair(PLAIN, SHORT)
    with pytest.raises(Exception, match="application-context-name-not-supported"):
        pair.run(pair.client.associate())
    logical = Pair(PLAIN).associate()
    assert logical.one(bytes.fromhex("050102FA00")).hex() == "d80102"
    assert logical.one(bytes.fromhex("25" + "00" * 20)).hex() == "d80102"
    with pytest.raises(LocalProtocolError, match="not negotiated: read"):
        logical.run(logical.client.read_names([READABLE]))


# --- The client ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("0c0200110500 1105", RemoteProtocolError),
        ("0c01030001", RemoteProtocolError),
        ("0c0102000002010000", RemoteProtocolError),
        ("0c010200000100", RemoteProtocolError),
        ("0e050302", ConfirmedServiceErrorReceived),
        ("d80102", Exception),
    ],
)
def test_an_answer_that_is_none(answer: str, error: type[Exception]) -> None:
    pair = Pair(SHORT).associate()
    with pytest.raises(error):
        pair.run(pair.client.read_names([READABLE]), answers(bytes.fromhex(answer)))
    assert pair.run(pair.client.read_names([READABLE])) == [NUMBER]


@pytest.mark.parametrize("answer", ["0d020000", "0d01020001"])
def test_a_written_answer_that_is_none(answer: str) -> None:
    pair = Pair(SHORT).associate()
    with pytest.raises(RemoteProtocolError):
        pair.run(pair.client.write_names([READABLE], [OTHER]), answers(bytes.fromhex(answer)))


def test_a_refusal_as_a_whole_is_that_of_every_name() -> None:
    pair = Pair(SHORT).associate()
    assert pair.run(pair.client.read_names([READABLE] * 3), answers(bytes.fromhex("0c0101fa"))) == [250] * 3
    assert pair.run(pair.client.write_names([READABLE] * 3, [OTHER] * 3), answers(bytes.fromhex("0d0101fa"))) == [250] * 3


def test_after_a_time_out_nothing_is_taken_for_the_next_answer() -> None:
    """There is no invoke-id: a late answer would be believed. So nothing is repeated, and the association is over."""
    pair = Pair(replace(SHORT, retries=3)).associate()
    asked: list[bytes] = []

    def silent(octets: bytes) -> list[bytes]:
        asked.append(octets)
        return []

    with pytest.raises(TransportTimeout):
        pair.run(pair.client.read_names([READABLE]), silent)
    assert len(asked) == 1
    with pytest.raises(LocalProtocolError):
        pair.run(pair.client.read_names([READABLE]))
    assert EventCode.ABORTED in pair.client_log.codes()


def test_information_reports_are_kept() -> None:
    pair = Pair(SHORT).associate()
    report = next(entry for entry in load("apdu", name="information-report"))
    value = pair.run(pair.client.read_names([READABLE]), lambda octets: [bytes.fromhex(report["hex"]), *pair.serve(octets)])
    assert value == [NUMBER]
    assert [one.octets.hex().upper() for one in pair.client.notifications] == [report["hex"]]


@pytest.mark.parametrize("way", [SHORT, SECURED_SHORT], ids=["clear", "ciphered"])
def test_general_block_transfer_carries_short_names_too(way: AssociationSettings) -> None:
    """Where a window was agreed on, long requests and answers need no blocks of READ and WRITE."""
    pair = Pair(replace(way, max_pdu_size=160, block_window=4)).associate()
    opened = len(pair.sent)
    assert pair.run(pair.client.write_names([READABLE], [LONG])) == [OK]
    assert pair.run(pair.client.read_names([READABLE, HIDDEN])) == [LONG, DENIED]
    assert {octets[0] for octets in pair.sent[opened:]} >= {0xE0}
    assert all(len(octets) <= 160 for octets in pair.sent[opened:] + pair.received[opened:])


def test_counts_are_the_callers() -> None:
    pair = Pair(SHORT).associate()
    with pytest.raises(LocalProtocolError):
        pair.run(pair.client.write_names([READABLE], []))
    with pytest.raises(LocalProtocolError, match="not negotiated: get"):
        pair.run(pair.client.get(VALUE))
