"""READ, WRITE and UnconfirmedWrite as a client does them: by short names, in blocks both ways (application layer, 5.10).

There is no invoke-id, so the late answer to one request could be taken for that to the next: nothing is ever repeated, and a
time-out ends the association.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlmskit.apdu import (
    BlockNumber,
    BlockNumberAccess,
    DataAccessError,
    DataBlockResult,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from dlmskit.association.client.core import Core
from dlmskit.association.ports import EventCode, Exchange
from dlmskit.association.sizes import content_room
from dlmskit.association.tables import Event
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu
from dlmskit.errors import LocalProtocolError, RemoteProtocolError, TransportTimeout
from dlmskit.types.conformance import Conformance

Variable = VariableName | ParameterizedAccess

_READ, _WRITE, _UNCONFIRMED = int(Conformance.READ), int(Conformance.WRITE), int(Conformance.UNCONFIRMED_WRITE)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_PARAMETERS = int(Conformance.PARAMETERIZED_ACCESS)
_READ_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
_WRITE_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
_READ_ANSWER: frozenset[type[Apdu]] = frozenset((ReadResponse,))
_WRITE_ANSWER: frozenset[type[Apdu]] = frozenset((WriteResponse,))
_MOST_BLOCKS = 0xFFFF


def read_names(core: Core, variables: Sequence[Variable]) -> Exchange[list[Data | int]]:
    """For each variable its value, or its data-access-result; what a method returned likewise."""
    core.begin_request(_READ | _needed(variables))
    try:
        request = ReadRequest(tuple(variables)).encode()
        if len(request) > core.room:
            answer = yield from _send_read(core, request[1:])
        else:
            effect = any(isinstance(one, ParameterizedAccess) for one in variables)  # it may be a method
            answer = yield from _ask(core, request, _READ_ANSWER, effect=effect)
        results = yield from _whole(core, answer)
        if len(results) == 1 < len(variables) and isinstance(results[0], DataAccessError):  # refused as a whole
            return [results[0].data_access_error] * len(variables)
        if len(results) != len(variables):
            raise RemoteProtocolError(f"{len(variables)} names were read, {len(results)} answers came")
        return [_value(one) for one in results]
    finally:
        core.end()


def write_names(core: Core, variables: Sequence[Variable], values: Sequence[Data]) -> Exchange[list[int]]:
    """For each variable its data-access-result, 0 for success. Methods that return nothing are invoked so too."""
    core.begin_request(_WRITE | _needed(variables))
    try:
        request = _write_request(WriteRequest, variables, values)
        if len(request) > core.room:
            answer = yield from _send_write(core, request[1:])
        else:
            answer = yield from _ask(core, request, _WRITE_ANSWER)
        results = [_result(one) for one in answer.results]
        if len(results) == 1 < len(variables) and results[0]:  # refused as a whole
            return results * len(variables)
        if len(results) != len(variables):
            raise RemoteProtocolError(f"{len(variables)} names were written, {len(results)} answers came")
        return results
    finally:
        core.end()


def write_names_unconfirmed(core: Core, variables: Sequence[Variable], values: Sequence[Data]) -> bytes:
    """The APDU of a WRITE that asks for no answer, ready to be sent."""
    core.begin_request(_UNCONFIRMED | _needed(variables))
    try:
        request = _write_request(UnconfirmedWriteRequest, variables, values)
        if len(request) > core.room:
            raise LocalProtocolError(f"an UnconfirmedWrite of {len(request)} octets; the server takes {core.room}")
        return core.protect(request)
    finally:
        core.end()


def _needed(variables: Sequence[Variable]) -> int:
    several = _LIST if len(variables) > 1 else 0
    return several | (_PARAMETERS if any(isinstance(one, ParameterizedAccess) for one in variables) else 0)


def _write_request(
    kind: type[WriteRequest | UnconfirmedWriteRequest], variables: Sequence[Variable], values: Sequence[Data]
) -> bytes:
    if len(variables) != len(values):
        raise LocalProtocolError(f"{len(variables)} names and {len(values)} values")
    return kind(tuple(variables), tuple(values)).encode()


def _value(result: object) -> Data | int:
    if isinstance(result, Data):
        return result
    if isinstance(result, DataAccessError):
        return result.data_access_error
    raise RemoteProtocolError(f"{type(result).__name__} came in place of a value")


def _result(result: DataAccessError | BlockNumber | None) -> int:
    if isinstance(result, BlockNumber):
        raise RemoteProtocolError("the acknowledgement of a block came in place of a result")
    return 0 if result is None else result.data_access_error


def _ask(core: Core, request: bytes, expected: frozenset[type[Apdu]], *, effect: bool = False) -> Exchange[Any]:
    try:
        return (yield from core.exchange(request, expected, None, effect=effect))
    except TransportTimeout as error:
        core.report(EventCode.ABORTED, "no answer, and a late one could not be told from the next", error)
        core.reset(Event.LOST)
        raise


# --- Blocks --------------------------------------------------------------------------------------------------------------


def _send_read(core: Core, raw: bytes) -> Exchange[ReadResponse]:
    """Send a READ request in blocks; the answer to the last one."""
    core.demand(_READ_BLOCKS)
    room = _block_room(core, len(ReadRequest((ReadDataBlockAccess(False, 1, b""),)).encode()) - 1)
    number = at = 0
    while True:
        number += 1
        last = len(raw) - at <= room
        request = ReadRequest((ReadDataBlockAccess(last, number, raw[at : at + room]),))
        answer: ReadResponse = yield from _ask(core, request.encode(), _READ_ANSWER)
        if last or not _acknowledged(answer.results, number):
            return answer
        at += room


def _send_write(core: Core, raw: bytes) -> Exchange[WriteResponse]:
    """Send a WRITE request in blocks; the answer to the last one."""
    core.demand(_WRITE_BLOCKS)
    head = WriteRequest((WriteDataBlockAccess(False, 1),), (Data.octet_string(b""),)).encode()
    room = _block_room(core, len(head) - 1)
    number = at = 0
    while True:
        number += 1
        last = len(raw) - at <= room
        block = Data.octet_string(raw[at : at + room])
        request = WriteRequest((WriteDataBlockAccess(last, number),), (block,))
        answer: WriteResponse = yield from _ask(core, request.encode(), _WRITE_ANSWER)
        if last or not _acknowledged(answer.results, number):
            return answer
        at += room


def _block_room(core: Core, head: int) -> int:
    room = content_room(core.room - head)
    if room <= 0:
        raise LocalProtocolError(f"the server takes {core.room} octets: no block fits")
    return room


def _acknowledged(results: Sequence[object], number: int) -> bool:
    """Whether this is the acknowledgement of block ``number``; False for an answer that ends the transfer."""
    if len(results) != 1 or not isinstance(results[0], BlockNumber):
        return False
    if results[0].block_number != number or number >= _MOST_BLOCKS:
        raise RemoteProtocolError(f"block {number} was sent, block {results[0].block_number} is acknowledged")
    return True


def _whole(core: Core, answer: ReadResponse) -> Exchange[tuple[object, ...]]:
    """The results, fetched block by block where they come so."""
    parts: list[bytes] = []
    number = size = 0
    while len(answer.results) == 1 and isinstance(answer.results[0], DataBlockResult):
        block = answer.results[0]
        if block.block_number != number + 1:
            raise RemoteProtocolError(f"block {block.block_number} came after block {number}")
        number += 1
        size += len(block.raw_data)
        if size > core.limits.apdu_octets:
            raise RemoteProtocolError(f"blocks of more than {core.limits.apdu_octets} octets in all")
        parts.append(block.raw_data)
        if block.last_block:
            whole = ReadResponse.decode(ReadResponse.head + b"".join(parts), deviations=core.tolerated, limits=core.limits)
            return whole.results
        if not block.raw_data:
            raise RemoteProtocolError(f"block {number} is empty and not the last one")
        request = ReadRequest((BlockNumberAccess(number),)).encode()
        answer = yield from _ask(core, request, _READ_ANSWER)
    return answer.results
