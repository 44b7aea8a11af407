"""ACTION at the server, octet by octet: blocks both ways, and every row of the error table (5.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.apdu import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseWithList,
    ActionResponseWithOptionalData,
    ActionResponseWithPblock,
    DataBlockSA,
    GetRequestNormal,
    decode_apdu,
)
from dlmskit.codec.data import Data
from dlmskit.limits import Limits
from dlmskit.types.conformance import Conformance
from tests.association.peers import DENIED, ECHO, FAILING, PLAIN, VALUE, Pair

LONG = Data.octet_string(bytes(range(100)))
RAW = LONG.octets
SHORT = Data.unsigned(5)
SMALL = replace(PLAIN, max_pdu_size=60)


def first(raw: bytes, *, last: bool = False, number: int = 1) -> bytes:
    return ActionRequestWithFirstPblock(0xC1, ECHO, DataBlockSA(last, number, raw)).encode()


def block(number: int, raw: bytes, *, last: bool = False, invoke_id: int = 0xC1) -> bytes:
    return ActionRequestWithPblock(invoke_id, DataBlockSA(last, number, raw)).encode()


def following(number: int, invoke_id: int = 0xC1) -> bytes:
    return ActionRequestNextPblock(invoke_id, number).encode()


def first_of_list(raw: bytes, *, last: bool = False) -> bytes:
    return ActionRequestWithListAndFirstPblock(0xC1, (ECHO, DENIED), DataBlockSA(last, 1, raw)).encode()


DONE = "C701C1000100" + RAW.hex().upper()
Steps = list[tuple[bytes, str]]
CASES: dict[str, tuple[Steps, int]] = {
    "no parameters": ([(ActionRequestNormal(0xC1, ECHO, None).encode(), "C701C10000")], 1),
    "parameters": ([(ActionRequestNormal(0xC1, ECHO, SHORT).encode(), "C701C10001001105")], 1),
    "denied": ([(ActionRequestNormal(0xC1, DENIED, SHORT).encode(), "C701C10300")], 0),
    "failing": ([(ActionRequestNormal(0xC1, FAILING, SHORT).encode(), "C701C10200")], 1),
    "two blocks": ([(first(RAW[:50]), "C704C100000001"), (block(2, RAW[50:], last=True), DONE)], 1),
    "one block": ([(first(RAW, last=True), DONE)], 1),
    "no transfer": ([(block(1, RAW, last=True), "C701C11000")], 0),
    "first number 0": ([(first(RAW, number=0), "C701C10F00"), (block(1, RAW, last=True), "C701C11000")], 0),
    "number skipped": ([(first(RAW[:50]), "C704C100000001"), (block(3, RAW[50:], last=True), "C701C10F00")], 0),
    "number repeated": ([(first(RAW[:50]), "C704C100000001"), (block(1, RAW[:50]), "C701C10F00")], 0),
    "other invoke-id": ([(first(RAW[:50]), "C704C100000001"), (block(2, RAW[50:], last=True, invoke_id=0xC2), "C701C21000")], 0),
    "other request": (
        [
            (first(RAW[:50]), "C704C100000001"),
            (GetRequestNormal(0xC2, VALUE, None).encode(), "C401C20006000004D2"),
            (block(2, RAW[50:], last=True), "C701C11000"),
        ],
        0,
    ),
    "parameters cut": ([(first(RAW[:-1], last=True), "C701C10C00")], 0),
    "nothing to send": ([(following(1), "C701C11000")], 0),
    "list": (
        [
            (first_of_list(b"\x02" + RAW), "C704C100000001"),
            (block(2, SHORT.octets, last=True), "C703C102000100" + RAW.hex().upper() + "0300"),
        ],
        1,
    ),
    "list with another count": ([(first_of_list(b"\x01" + RAW, last=True), "D80103")], 0),
    "list cut": ([(first_of_list(b"\x02" + RAW, last=True), "C701C10C00")], 0),
}


@pytest.mark.case("R-063")
@pytest.mark.parametrize(("steps", "effects"), CASES.values(), ids=CASES)
def test_requests(steps: Steps, effects: int) -> None:
    pair = Pair(PLAIN).associate()
    for octets, answer in steps:
        assert pair.one(octets).hex().upper() == answer
    assert pair.meter.effects == effects
    pair.still_works()


def test_null_data_in_a_list_stands_for_no_parameter() -> None:
    pair = Pair(PLAIN).associate()
    octets = ActionRequestWithList(0xC1, (ECHO, ECHO), (Data.null(), SHORT)).encode()
    assert pair.one(octets).hex().upper() == "C703C102000000010011" + "05"


def test_a_long_request_and_a_long_answer() -> None:
    """C3 04, C7 04, C3 06, C7 02, C3 02, C7 02: the blocks of the answer hold result and return parameters."""
    pair = Pair(SMALL, PLAIN).associate()
    assert pair.one(first(RAW[:50])).hex() == "c704c100000001"
    answer = decode_apdu(pair.one(block(2, RAW[50:], last=True)))
    raw, number = b"", 0
    while True:
        assert isinstance(answer, ActionResponseWithPblock)
        number += 1
        assert answer.pblock.block_number == number
        raw += answer.pblock.raw_data
        if answer.pblock.last_block:
            break
        answer = decode_apdu(pair.one(following(number)))
    assert raw == ActionResponseWithOptionalData(0, LONG).encode()
    assert pair.meter.effects == 1
    assert decode_apdu(pair.one(following(number - 1))) == answer, "the last one again"
    assert pair.one(following(number)).hex() == "c701c11000"


@pytest.mark.parametrize(
    ("asked", "invoke_id", "answer"), [(0, 0xC1, "C701C10F00"), (2, 0xC1, "C701C10F00"), (1, 0xC2, "C701C21000")]
)
def test_wrong_numbers_of_a_long_answer(asked: int, invoke_id: int, answer: str) -> None:
    pair = Pair(SMALL, PLAIN).associate()
    assert pair.one(ActionRequestNormal(0xC1, ECHO, LONG).encode())[:2] == b"\xc7\x02"
    assert pair.one(following(asked, invoke_id)).hex().upper() == answer
    assert pair.one(following(1)).hex() == "c701c11000"
    assert pair.meter.effects == 1


@pytest.mark.case("R-064")
def test_blocks_without_an_end() -> None:
    pair = Pair(PLAIN, limits=Limits(apdu_octets=1000)).associate()
    pair.one(first(bytes(600)))
    assert pair.one(block(2, bytes(600))).hex() == "c701c10f00"
    assert pair.meter.effects == 0


def test_an_answer_that_does_not_fit_and_no_blocks() -> None:
    """What was done is said; the return value that does not fit is replaced by other-reason."""
    few = replace(PLAIN, conformance=PLAIN.conformance & ~Conformance.BLOCK_TRANSFER_WITH_ACTION)
    pair = Pair(replace(few, max_pdu_size=60), few).associate()
    assert pair.one(ActionRequestNormal(0xC1, ECHO, LONG).encode()).hex().upper() == "C701C1000101FA"
    octets = ActionRequestWithList(0xC1, (ECHO, ECHO), (LONG, SHORT)).encode()
    answer = decode_apdu(pair.one(octets))
    assert isinstance(answer, ActionResponseWithList)
    assert [response.return_parameters for response in answer.list_of_responses] == [250, 250]
    assert pair.one(ActionRequestWithList(0xC1, (ECHO,) * 20, (SHORT,) * 20).encode()).hex() == "d80104"
    assert pair.meter.effects == 3
