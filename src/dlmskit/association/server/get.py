"""GET as a server does it: normal, with list, and in blocks (application layer, 5.2, with all rows of its error table)."""

from __future__ import annotations

from dlmskit.apdu import (
    DataBlockG,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
)
from dlmskit.association.inputs import NOT_ALLOWED, TOO_LONG
from dlmskit.association.server.services import Services, Turn
from dlmskit.association.server.transfers import Asked, LongAnswer
from dlmskit.association.sizes import content_room
from dlmskit.codec.data import Data
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import DataAccessResult

_GET = int(Conformance.GET)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
_BLOCK_HEAD = len(GetResponseWithDatablock(0, DataBlockG(False, 1, b"")).encode()) - 1
_LIST_HEAD = len(GetResponseWithList(0, ()).encode()) - 1


def get_normal(services: Services, turn: Turn, request: GetRequestNormal) -> bytes:
    """One attribute."""
    if not services.conformance & _GET:
        return NOT_ALLOWED
    result = services.read(turn, request.cosem_attribute_descriptor, request.access_selection)
    answer = GetResponseNormal(turn.invoke_id, result).encode()
    if len(answer) <= services.room(turn):
        return answer
    if isinstance(result, Data) and services.conformance & _BLOCKS:
        return _begin(services, turn, result.octets)
    return _error_normal(services, turn)


def get_with_list(services: Services, turn: Turn, request: GetRequestWithList) -> bytes:
    """Several attributes: each succeeds or fails alone."""
    if services.conformance & (_GET | _LIST) != _GET | _LIST:
        return NOT_ALLOWED
    results: list[Data | int] = []
    size = 0
    for item in request.attribute_descriptor_list:
        result: Data | int = int(DataAccessResult.DATA_BLOCK_UNAVAILABLE)
        if size <= services.limits.apdu_octets:
            result = services.read(turn, item.cosem_attribute_descriptor, item.access_selection)
        size += len(result.octets) if isinstance(result, Data) else 1
        results.append(result)
    answer = GetResponseWithList(turn.invoke_id, tuple(results)).encode()
    if len(answer) <= services.room(turn):
        return answer
    if services.conformance & _BLOCKS:
        return _begin(services, turn, answer[_LIST_HEAD:])
    refused = GetResponseWithList(turn.invoke_id, (int(DataAccessResult.OTHER_REASON),) * len(results)).encode()
    return refused if len(refused) <= services.room(turn) else TOO_LONG


def get_next(services: Services, turn: Turn, request: GetRequestNext) -> bytes:
    """The next block of a long answer, or the one before once more."""
    if not services.conformance & _BLOCKS:
        return NOT_ALLOWED
    transfer, number = services.transfer, request.block_number
    if not isinstance(transfer, LongAnswer) or transfer.action or transfer.invoke_id != turn.invoke_id & 0x0F:
        services.drop_transfer("the next block of another one was asked for")
        return _error(turn, number, DataAccessResult.NO_LONG_GET_IN_PROGRESS)
    if not transfer.continued_with(turn.found):
        services.drop_transfer("the next block was asked for with other protection")
        return _error(turn, number, DataAccessResult.READ_WRITE_DENIED)
    match transfer.asks(number):
        case Asked.NEXT:
            return _send(services, turn, transfer)
        case Asked.REPEAT:
            turn.required |= transfer.required
            return GetResponseWithDatablock(turn.invoke_id, DataBlockG(*transfer.block())).encode()
        case Asked.BEYOND:
            services.drop_transfer("the end was reached")
            return _error(turn, number, DataAccessResult.NO_LONG_GET_IN_PROGRESS)
        case Asked.WRONG:
            services.drop_transfer(f"block {number} was acknowledged, {transfer.number} was sent")
            return _error(turn, number, DataAccessResult.DATA_BLOCK_NUMBER_INVALID)


def _begin(services: Services, turn: Turn, raw: bytes) -> bytes:
    return _send(services, turn, LongAnswer(turn.invoke_id, turn.found, turn.required, raw, action=False))


def _send(services: Services, turn: Turn, transfer: LongAnswer) -> bytes:
    turn.required |= transfer.required
    room = content_room(services.room(turn) - _BLOCK_HEAD)
    if room <= 0:
        services.drop_transfer("no block fits into what the client receives")
        return TOO_LONG
    services.keep_transfer(transfer)
    return GetResponseWithDatablock(turn.invoke_id, DataBlockG(*transfer.next_block(room))).encode()


def _error(turn: Turn, number: int, code: DataAccessResult) -> bytes:
    return GetResponseWithDatablock(turn.invoke_id, DataBlockG(True, number, int(code))).encode()


def _error_normal(services: Services, turn: Turn) -> bytes:
    """The value does not fit, and blocks were not negotiated."""
    answer = GetResponseNormal(turn.invoke_id, int(DataAccessResult.OTHER_REASON)).encode()
    return answer if len(answer) <= services.room(turn) else TOO_LONG
