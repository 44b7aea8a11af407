"""SET at the server, octet by octet: every row of the error table (5.3); nothing is written before all is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import (
    ActionRequestWithFirstPblock,
    ActionRequestWithPblock,
    Apdu,
    DataBlockSA,
    GetRequestNormal,
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
)
from dlmskit.association import EventCode
from dlmskit.codec.data import Data
from dlmskit.limits import Limits
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect, unprotect
from tests.association.peers import (
    BROKEN,
    GUARDED,
    HIDDEN,
    LN_CIPHERED,
    PLAIN,
    SECURED,
    UNIT,
    VALUE,
    Pair,
    listed,
    settings,
)

NEW = Data.octet_string(bytes(range(100)))


def first(raw: bytes, *, last: bool = False, number: int = 1, invoke_id: int = 0xC1) -> bytes:
    return SetRequestWithFirstDatablock(invoke_id, VALUE, None, DataBlockSA(last, number, raw)).encode()


def block(number: int, raw: bytes, *, last: bool = False, invoke_id: int = 0xC1) -> bytes:
    return SetRequestWithDatablock(invoke_id, DataBlockSA(last, number, raw)).encode()


def first_of_list(targets, raw: bytes, *, last: bool = False) -> bytes:
    return SetRequestWithListAndFirstDatablock(0xC1, tuple(map(listed, targets)), DataBlockSA(last, 1, raw)).encode()


OLD = Data.double_long_unsigned(1234)
RAW = NEW.octets
END = block(2, RAW[50:], last=True)
ACKNOWLEDGED = "C502C100000001"

Steps = list[tuple[bytes, str]]
CASES: dict[str, tuple[Steps, Data]] = {
    "two blocks": ([(first(RAW[:50]), ACKNOWLEDGED), (END, "C503C10000000002")], NEW),
    "one block": ([(first(RAW, last=True), "C503C10000000001")], NEW),
    "empty last block": ([(first(RAW), ACKNOWLEDGED), (block(2, b"", last=True), "C503C10000000002")], NEW),
    "no transfer": ([(block(1, RAW, last=True), "C503C11200000001")], OLD),
    "first number 0": ([(first(RAW, number=0), "C503C11300000000"), (block(1, RAW, last=True), "C503C11200000001")], OLD),
    "first number 2": ([(first(RAW, number=2), "C503C11300000002")], OLD),
    "number skipped": ([(first(RAW[:50]), ACKNOWLEDGED), (block(3, RAW[50:], last=True), "C503C11300000003")], OLD),
    "number repeated": ([(first(RAW[:50]), ACKNOWLEDGED), (block(1, RAW[:50]), "C503C11300000001")], OLD),
    "after an error": (
        [(first(RAW[:50]), ACKNOWLEDGED), (block(9, b""), "C503C11300000009"), (END, "C503C11200000002")],
        OLD,
    ),
    "other invoke-id": (
        [(first(RAW[:50]), ACKNOWLEDGED), (block(2, RAW[50:], last=True, invoke_id=0xC2), "C503C21200000002")],
        OLD,
    ),
    "data cut": ([(first(RAW[:50]), ACKNOWLEDGED), (block(2, RAW[50:-1], last=True), "C503C10C00000002")], OLD),
    "data too long": ([(first(RAW[:50]), ACKNOWLEDGED), (block(2, RAW[50:] + b"\0", last=True), "C503C10C00000002")], OLD),
    "nothing at all": ([(first(b"", last=True), "C503C10C00000001")], OLD),
    "begun anew": (
        [(first(b"rubbish"), ACKNOWLEDGED), (first(RAW[:50]), ACKNOWLEDGED), (END, "C503C10000000002")],
        NEW,
    ),
    "list": (
        [
            (first_of_list([VALUE, UNIT, HIDDEN], b"\x03" + RAW), ACKNOWLEDGED),
            (block(2, RAW + RAW, last=True), "C504C10300030300000002"),
        ],
        NEW,
    ),
    "list with another count": ([(first_of_list([VALUE, UNIT], b"\x01" + RAW, last=True), "D80103")], OLD),
    "list that does not decode": ([(first_of_list([VALUE, UNIT], b"\x02" + RAW, last=True), "C503C10C00000001")], OLD),
    "list without transfer": ([(first_of_list([VALUE], b""), ACKNOWLEDGED), (block(3, b""), "C503C11300000003")], OLD),
}


@pytest.mark.case("R-063")
@pytest.mark.parametrize(("steps", "value"), CASES.values(), ids=CASES)
def test_blocks(steps: Steps, value: Data) -> None:
    pair = Pair(PLAIN).associate()
    for left, (octets, answer) in zip(reversed(range(len(steps))), steps, strict=True):
        assert pair.one(octets).hex().upper() == answer
        assert not left or pair.meter.value == OLD, "nothing is written before the last block"
    assert pair.meter.value == value
    pair.still_works()


@pytest.mark.case("R-063")
@pytest.mark.parametrize("then", ["silence", "GET", "SET"])
def test_blocks_never_finished(then: str) -> None:
    """Dropped in time, or by the next request; never executed."""
    pair = Pair(PLAIN).associate()
    pair.one(first(RAW[:50]))
    if then == "silence":
        pair.clock.now += 31
        pair.server.expire()
    elif then == "GET":
        pair.one(GetRequestNormal(0xC2, UNIT, None).encode())
    else:
        pair.one(SetRequestNormal(0xC2, HIDDEN, None, NEW).encode())
    assert pair.one(block(2, RAW[50:], last=True)).hex().upper() == "C503C11200000002"
    assert pair.meter.effects == 0
    assert EventCode.TRANSFER_DROPPED in pair.server_log.codes()
    pair.still_works()


@pytest.mark.case("R-046", "R-063")
@pytest.mark.parametrize("protected", [(True, False), (False, True)], ids=["the first alone", "the last alone"])
@pytest.mark.parametrize("service", ["SET", "ACTION"])
def test_blocks_with_other_protection(service: str, protected: tuple[bool, bool]) -> None:
    """Blocks in clear and protected ones do not make one request: not to use the rights of the first, nor those of the last."""
    pair = Pair(settings(application_context=LN_CIPHERED, security_policy=SecurityPolicy.NOTHING)).associate()
    security = pair.client.security
    assert security is not None
    one, two = DataBlockSA(False, 1, RAW[:50]), DataBlockSA(True, 2, RAW[50:])
    begin: Apdu = SetRequestWithFirstDatablock(0xC1, GUARDED, None, one)
    end: Apdu = SetRequestWithDatablock(0xC1, two)
    if service == "ACTION":
        begin, end = ActionRequestWithFirstPblock(0xC1, SECURED, one), ActionRequestWithPblock(0xC1, two)
    requests = [request.encode() for request in (begin, end)]
    octets = [protect(plain, security) if ciphered else plain for plain, ciphered in zip(requests, protected, strict=True)]
    pair.one(octets[0])
    answer = pair.one(octets[1])
    plain = answer if answer[0] in {0xC5, 0xC7} else unprotect(answer, security).plain
    assert plain.hex().upper() == ("C503C10300000002" if service == "SET" else "C701C10300")
    assert pair.meter.effects == 0
    assert pair.server_log.codes()[-1] is EventCode.TRANSFER_DROPPED


@pytest.mark.case("R-064")
def test_blocks_without_an_end() -> None:
    """Stops at the limit with long-set-aborted, and holds nothing more."""
    pair = Pair(PLAIN, limits=Limits(apdu_octets=1000)).associate()
    assert pair.one(first(bytes(400))).hex().upper() == "C502C100000001"
    assert pair.one(block(2, bytes(400))).hex().upper() == "C502C100000002"
    assert pair.one(block(3, bytes(400))).hex().upper() == "C503C11100000003"
    assert pair.one(block(4, bytes(400))).hex().upper() == "C503C11200000004"
    assert pair.meter.effects == 0
    pair.still_works()


@pytest.mark.case("R-065")
def test_a_list_of_five() -> None:
    """Each item for itself, in order: the third is denied, the fourth fails, the fifth has a wrong type."""
    pair = Pair(PLAIN).associate()
    targets = tuple(map(listed, (VALUE, VALUE, UNIT, BROKEN, VALUE)))
    values = (Data.unsigned(1), Data.unsigned(2), Data.unsigned(3), Data.unsigned(4), Data.null())
    assert pair.one(SetRequestWithList(0xC1, targets, values).encode()).hex().upper() == "C505C105000003FA0C"
    assert pair.meter.value == Data.unsigned(2)
    assert [what for _, what in pair.meter.log] == [VALUE, VALUE, BROKEN, VALUE]


def test_counts_that_differ() -> None:
    """The APDU as a whole is refused, nothing is written."""
    pair = Pair(PLAIN).associate()
    for values in ((), (NEW,), (NEW, NEW, NEW)):
        octets = SetRequestWithList(0xC1, (listed(VALUE), listed(VALUE)), values).encode()
        assert pair.one(octets).hex().upper() == "D80103"
    assert pair.meter.effects == 0


def test_results_that_would_not_fit() -> None:
    """Known before anything is written: the list is refused as a whole."""
    pair = Pair(replace(PLAIN, max_pdu_size=40), PLAIN).associate()
    for count, answer in ((30, "C505C1"), (40, "D80104")):
        octets = SetRequestWithList(0xC1, (listed(VALUE),) * count, (Data.unsigned(1),) * count).encode()
        assert pair.one(octets).hex().upper().startswith(answer)
    assert pair.meter.effects == 30
