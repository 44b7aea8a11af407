"""GET at the server, octet by octet: every row of the error table (application layer, 5.2), and any size of value."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.apdu import (
    DataBlockG,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseWithDatablock,
    GetResponseWithList,
    SetRequestNormal,
    decode_apdu,
)
from dlmskit.association import EventCode
from dlmskit.codec.data import Data
from dlmskit.limits import Limits
from dlmskit.security.envelope import Form
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect, unprotect
from dlmskit.types.enums import DataAccessResult
from tests.association.peers import CIPHERED, GUARDED, HIDDEN, PLAIN, VALUE, Meter, Pair, listed

LONG = Data.octet_string(bytes(range(200)))
SMALL = replace(PLAIN, max_pdu_size=60)
GET = GetRequestNormal(0xC1, VALUE, None).encode()


def opened(value: Data = LONG, way=SMALL) -> Pair:
    return Pair(way, PLAIN if way is SMALL else way, meter=Meter(value)).associate()


def ask(pair: Pair, octets: bytes) -> DataBlockG:
    answer = decode_apdu(pair.one(octets))
    assert isinstance(answer, GetResponseWithDatablock)
    assert answer.invoke_id_and_priority == octets[2]
    return answer.result


def following(number: int, invoke_id: int = 0xC1) -> bytes:
    return GetRequestNext(invoke_id, number).encode()


def test_a_value_that_fits_is_never_sent_in_blocks() -> None:
    for size in range(40, 60):
        pair = opened(Data.octet_string(bytes(size)))
        fits = 4 + 2 + size <= 60
        assert (pair.one(GET)[1] == 1) is fits


def test_all_blocks() -> None:
    """Numbers from 1, each as large as it may be, the last one marked; together the encoding of the data without its choice."""
    pair = opened()
    blocks = [ask(pair, GET)]
    while not blocks[-1].last_block:
        blocks.append(ask(pair, following(blocks[-1].block_number)))
    assert [block.block_number for block in blocks] == list(range(1, len(blocks) + 1))
    assert b"".join(block.result for block in blocks if isinstance(block.result, bytes)) == LONG.octets
    assert all(len(GetResponseWithDatablock(0xC1, block).encode()) == 60 for block in blocks[:-1])
    assert pair.meter.log == [("get", VALUE)], "the object is asked once"


def test_a_list_in_blocks_is_the_list_from_its_count_on() -> None:
    pair = opened()
    request = GetRequestWithList(0xC1, (listed(VALUE), listed(HIDDEN), listed(VALUE))).encode()
    block = ask(pair, request)
    raw = block.result
    while not block.last_block:
        block = ask(pair, following(block.block_number))
        assert isinstance(raw, bytes)
        assert isinstance(block.result, bytes)
        raw += block.result
    assert raw == GetResponseWithList(0, (LONG, 3, LONG)).encode()[3:]


@pytest.mark.case("R-062")
@pytest.mark.parametrize(
    ("sent", "asked", "invoke_id", "code"),
    [
        (0, 1, 0xC1, DataAccessResult.NO_LONG_GET_IN_PROGRESS),
        (0, 0, 0xC1, DataAccessResult.NO_LONG_GET_IN_PROGRESS),
        (1, 0, 0xC1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (1, 2, 0xC1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (1, 0xFFFFFFFF, 0xC1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (3, 1, 0xC1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (3, 4, 0xC1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (2, 2, 0xC2, DataAccessResult.NO_LONG_GET_IN_PROGRESS),
        (5, 5, 0xC1, DataAccessResult.NO_LONG_GET_IN_PROGRESS),
        (5, 6, 0xC1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
    ],
)
def test_wrong_numbers(sent: int, asked: int, invoke_id: int, code: DataAccessResult) -> None:
    """``sent`` blocks went out (5 are all of them); the error carries the number as received, and the transfer is over."""
    pair = opened()
    block = ask(pair, GET) if sent else None
    for number in range(1, sent):
        block = ask(pair, following(number))
    assert block is None or block.last_block is (sent == 5)
    error = ask(pair, following(asked, invoke_id))
    assert (error.last_block, error.block_number, error.result) == (True, asked, code)
    assert ask(pair, following(sent)).result == DataAccessResult.NO_LONG_GET_IN_PROGRESS
    pair.still_works()


@pytest.mark.case("R-062")
@pytest.mark.parametrize("sent", [2, 3, 5])
def test_the_last_acknowledgement_again(sent: int) -> None:
    """The answer was lost: the same block is sent again, also the last one."""
    pair = opened()
    block = ask(pair, GET)
    for number in range(1, sent):
        block = ask(pair, following(number))
    for _ in range(3):
        assert ask(pair, following(sent - 1)) == block
    if sent < 5:
        assert ask(pair, following(sent)).block_number == sent + 1


@pytest.mark.case("R-062")
def test_after_ten_minutes_and_after_another_request() -> None:
    pair = opened()
    ask(pair, GET)
    pair.clock.now += 31
    assert ask(pair, following(1)).result == DataAccessResult.NO_LONG_GET_IN_PROGRESS
    ask(pair, GET)
    pair.one(SetRequestNormal(0xC2, HIDDEN, None, Data.unsigned(1)).encode())
    assert ask(pair, following(1)).result == DataAccessResult.NO_LONG_GET_IN_PROGRESS
    assert pair.server_log.codes().count(EventCode.TRANSFER_DROPPED) == 2


@pytest.mark.case("R-041")
def test_blocks_cannot_be_asked_for_with_less_protection() -> None:
    """The first request was protected as the attribute demands; who asks for the next block in clear gets nothing."""
    way = replace(CIPHERED, max_pdu_size=90, security_policy=SecurityPolicy.NOTHING)
    pair = Pair(way, meter=Meter(LONG)).associate()
    security = pair.client.security
    assert security is not None
    first = decode_apdu(
        unprotect(pair.one(protect(GetRequestNormal(0xC1, GUARDED, None).encode(), security, Form.GLO)), security).plain
    )
    assert isinstance(first, GetResponseWithDatablock)
    refused = decode_apdu(pair.one(following(1)))
    assert isinstance(refused, GetResponseWithDatablock)
    assert refused.result.result == DataAccessResult.READ_WRITE_DENIED


def test_no_block_fits() -> None:
    """12 octets are legal and hold no block of one octet behind its own fields, but for the smallest."""
    pair = Pair(replace(PLAIN, max_pdu_size=12), PLAIN, meter=Meter(LONG)).associate()
    assert pair.run(pair.client.get(VALUE)) == LONG


def test_list_items_beyond_what_is_held() -> None:
    """The sum of a list is bounded: items behind the limit say data-block-unavailable."""
    pair = Pair(PLAIN, meter=Meter(LONG), limits=Limits(apdu_octets=500)).associate()
    answer = decode_apdu(pair.one(GetRequestWithList(0xC1, (listed(VALUE),) * 5).encode()))
    assert isinstance(answer, GetResponseWithList)
    assert answer.result == (LONG, LONG, LONG, 14, 14)


@given(size=st.integers(0, 700), client=st.integers(12, 300))
def test_any_size_arrives(size: int, client: int) -> None:
    """Whatever the sizes, the client gets the value, and no answer is longer than it said."""
    value = Data.octet_string(bytes(index & 0xFF for index in range(size)))
    pair = Pair(replace(PLAIN, max_pdu_size=client), PLAIN, meter=Meter(value)).associate()
    opening = len(pair.received)
    assert pair.run(pair.client.get(VALUE)) == value
    assert pair.run(pair.client.get_list([listed(VALUE)] * 2)) == [value, value]
    assert all(len(octets) <= client for octets in pair.received[opening:])
