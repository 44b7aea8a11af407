"""READ, WRITE and UnconfirmedWrite as a server does them: attributes and methods by short name (application layer, 5.10).

There is no invoke-id: one request follows the other. A request in blocks is executed when its last block is there and decoded.
"""

from __future__ import annotations

from collections.abc import Sequence

from dlmskit.apdu import (
    BlockNumber,
    BlockNumberAccess,
    ConfirmedServiceError,
    CosemAttributeDescriptor,
    DataAccessError,
    DataBlockResult,
    DataBlockSA,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    SelectiveAccessDescriptor,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from dlmskit.apdu.short_name import VariableAccessSpecification
from dlmskit.association.server.services import Services, Turn
from dlmskit.association.server.transfers import Asked, LongAnswer, LongRead, LongRequest, LongWrite, Taken
from dlmskit.association.sizes import content_room
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.errors import DecodeError
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ConfirmedService, DataAccessResult, ErrorClass, ServiceClassError

_READ, _WRITE, _UNCONFIRMED = int(Conformance.READ), int(Conformance.WRITE), int(Conformance.UNCONFIRMED_WRITE)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_PARAMETERS = int(Conformance.PARAMETERIZED_ACCESS)
_READ_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
_WRITE_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
_BLOCK_HEAD = len(ReadResponse((DataBlockResult(False, 1, b""),)).encode()) - 1
_MOST_BLOCKS = 0xFFFF
_WRITE_RESULT_OCTETS = 2


def _service_error(service: ConfirmedService, error: ServiceClassError) -> bytes:
    return ConfirmedServiceError(service, ErrorClass.SERVICE, error).encode()


READ_UNSUPPORTED = _service_error(ConfirmedService.READ, ServiceClassError.SERVICE_UNSUPPORTED)
"""0E 05 03 02: not negotiated, or not decodable."""
WRITE_UNSUPPORTED = _service_error(ConfirmedService.WRITE, ServiceClassError.SERVICE_UNSUPPORTED)
"""0E 06 03 02."""
READ_TOO_LONG = _service_error(ConfirmedService.READ, ServiceClassError.PDU_SIZE)
"""0E 05 03 01."""
WRITE_TOO_LONG = _service_error(ConfirmedService.WRITE, ServiceClassError.PDU_SIZE)
"""0E 06 03 01."""

Item = VariableAccessSpecification


# --- READ ----------------------------------------------------------------------------------------------------------------


def read(services: Services, turn: Turn, request: ReadRequest) -> bytes:
    """Attributes, methods that return something, and blocks of long requests and answers."""
    items = request.variable_access_specification
    if not services.conformance & _READ:
        return READ_UNSUPPORTED
    if len(items) == 1 and isinstance(items[0], BlockNumberAccess):
        return _next_block(services, turn, items[0].block_number)
    if len(items) == 1 and isinstance(items[0], ReadDataBlockAccess):
        return _read_block(services, turn, items[0])
    services.drop_transfer("another request came")
    return _read_all(services, turn, items)


def _read_all(services: Services, turn: Turn, items: Sequence[Item]) -> bytes:
    if len(items) > 1 and not services.conformance & _LIST:
        return READ_UNSUPPORTED
    if _least_answer(len(items)) > services.least_room(turn) and not services.conformance & _READ_BLOCKS:
        return READ_TOO_LONG
    results: list[Data | DataAccessError] = []
    size = 0
    for item in items:
        result: Data | DataAccessError = DataAccessError(int(DataAccessResult.DATA_BLOCK_UNAVAILABLE))
        if size <= services.limits.apdu_octets:
            result = _read_one(services, turn, item)
        size += len(result.octets) if isinstance(result, Data) else 1
        results.append(result)
    answer = ReadResponse(tuple(results)).encode()
    if len(answer) <= services.room(turn):
        return answer
    if services.conformance & _READ_BLOCKS:
        return _send(services, turn, LongAnswer(0, turn.found, turn.required, answer[1:], action=False))
    refused = ReadResponse((DataAccessError(int(DataAccessResult.OTHER_REASON)),) * len(items)).encode()
    return refused if len(refused) <= services.room(turn) else READ_TOO_LONG


def _read_one(services: Services, turn: Turn, item: Item) -> Data | DataAccessError:
    """The value of an attribute, or what a method returned. The selector of a method says nothing."""
    if not isinstance(item, VariableName | ParameterizedAccess):
        return DataAccessError(int(DataAccessResult.OTHER_REASON))
    parameter = item.parameter if isinstance(item, ParameterizedAccess) else None
    if parameter is not None and not services.conformance & _PARAMETERS:
        return DataAccessError(int(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED))
    descriptor = services.named(item.variable_name)
    if descriptor is None:
        return DataAccessError(services.unknown_object)
    if isinstance(descriptor, CosemAttributeDescriptor):
        result = services.read(turn, descriptor, _selection(item))
        return result if isinstance(result, Data) else DataAccessError(result)
    response = services.invoke(turn, descriptor, parameter)
    if response.result:
        return DataAccessError(response.result)
    return response.return_parameters if isinstance(response.return_parameters, Data) else Data.null()


def _next_block(services: Services, turn: Turn, number: int) -> bytes:
    """The next block of a long answer, or the one before once more."""
    transfer = services.transfer
    if not isinstance(transfer, LongAnswer):
        services.drop_transfer("the next block of another one was asked for")
        return _read_error(DataAccessResult.NO_LONG_GET_IN_PROGRESS)
    if not transfer.continued_with(turn.found):
        services.drop_transfer("the next block was asked for with other protection")
        return _read_error(DataAccessResult.READ_WRITE_DENIED)
    match transfer.asks(number):
        case Asked.NEXT:
            return _send(services, turn, transfer)
        case Asked.REPEAT:
            turn.required |= transfer.required
            return ReadResponse((DataBlockResult(*transfer.block()),)).encode()
        case Asked.BEYOND:
            services.drop_transfer("the end was reached")
            return _read_error(DataAccessResult.NO_LONG_GET_IN_PROGRESS)
        case Asked.WRONG:
            services.drop_transfer(f"block {number} was acknowledged, {transfer.number} was sent")
            return _read_error(DataAccessResult.DATA_BLOCK_NUMBER_INVALID)


def _send(services: Services, turn: Turn, transfer: LongAnswer) -> bytes:
    turn.required |= transfer.required
    room = content_room(services.room(turn) - _BLOCK_HEAD)
    if room <= 0 or transfer.number >= _MOST_BLOCKS:
        services.drop_transfer("no block fits into what the client receives" if room <= 0 else "more blocks than numbers")
        return READ_TOO_LONG if room <= 0 else _read_error(DataAccessResult.LONG_GET_ABORTED)
    services.keep_transfer(transfer)
    return ReadResponse((DataBlockResult(*transfer.next_block(room)),)).encode()


def _read_block(services: Services, turn: Turn, block: ReadDataBlockAccess) -> bytes:
    """A block of a READ request that does not fit into one."""
    if not services.conformance & _READ_BLOCKS:
        return READ_UNSUPPORTED
    transfer = _begun(services, turn, LongRead, block.block_number)
    if transfer is None:
        return _read_error(DataAccessResult.NO_LONG_GET_IN_PROGRESS)
    taken = _take(services, turn, transfer, block.last_block, block.block_number, block.raw_data)
    if taken is Taken.MORE:
        return ReadResponse((BlockNumber(block.block_number),)).encode()
    if taken is not Taken.WHOLE:
        wrong = taken is Taken.WRONG_NUMBER
        return _read_error(DataAccessResult.DATA_BLOCK_NUMBER_INVALID if wrong else DataAccessResult.LONG_GET_ABORTED)
    try:
        request = ReadRequest.decode(ReadRequest.head + transfer.raw, limits=services.limits)
    except DecodeError:
        return READ_UNSUPPORTED
    return _read_all(services, turn, request.variable_access_specification)


# --- WRITE ---------------------------------------------------------------------------------------------------------------


def write(services: Services, turn: Turn, request: WriteRequest) -> bytes:
    """Attributes, methods that return nothing, and blocks of a long request."""
    items = request.variable_access_specification
    if not services.conformance & _WRITE:
        return WRITE_UNSUPPORTED
    if len(items) == 1 and isinstance(items[0], WriteDataBlockAccess):
        return _write_block(services, turn, items[0], request.list_of_data)
    services.drop_transfer("another request came")
    return _write_all(services, turn, items, request.list_of_data)


def write_unconfirmed(services: Services, turn: Turn, request: UnconfirmedWriteRequest) -> bytes:
    """Attributes and methods, without an answer: what is returned here is not sent."""
    services.drop_transfer("another request came")
    if services.conformance & _UNCONFIRMED:
        return _write_all(services, turn, request.variable_access_specification, request.list_of_data)
    return WRITE_UNSUPPORTED


def _write_all(services: Services, turn: Turn, items: Sequence[Item], values: Sequence[Data]) -> bytes:
    """Each alone. Refused as a whole where counts differ or the results would not fit: WRITE has no blocks for them."""
    if len(items) != len(values) or (len(items) > 1 and not services.conformance & _LIST):
        return WRITE_UNSUPPORTED
    if _least_answer(len(items)) > services.least_room(turn):
        return WRITE_TOO_LONG
    results = [_write_one(services, turn, item, value) for item, value in zip(items, values, strict=True)]
    return WriteResponse(tuple(DataAccessError(result) if result else None for result in results)).encode()


def _write_one(services: Services, turn: Turn, item: Item, value: Data) -> int:
    if not isinstance(item, VariableName | ParameterizedAccess):
        return int(DataAccessResult.OTHER_REASON)
    if isinstance(item, ParameterizedAccess) and not services.conformance & _PARAMETERS:
        return int(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
    descriptor = services.named(item.variable_name)
    if descriptor is None:
        return services.unknown_object
    if isinstance(descriptor, CosemAttributeDescriptor):
        return services.write(turn, descriptor, _selection(item), value)
    return services.invoke(turn, descriptor, None if value.tag == Tag.NULL_DATA else value).result


def _write_block(services: Services, turn: Turn, block: WriteDataBlockAccess, values: Sequence[Data]) -> bytes:
    """A block of a WRITE request that does not fit into one; its octets are the one value beside it."""
    if not services.conformance & _WRITE_BLOCKS or len(values) != 1 or values[0].tag != Tag.OCTET_STRING:
        services.drop_transfer("a block that is none")
        return WRITE_UNSUPPORTED
    transfer = _begun(services, turn, LongWrite, block.block_number)
    if transfer is None:
        return _write_error(DataAccessResult.NO_LONG_SET_IN_PROGRESS)
    taken = _take(services, turn, transfer, block.last_block, block.block_number, values[0].value)
    if taken is Taken.MORE:
        return WriteResponse((BlockNumber(block.block_number),)).encode()
    if taken is not Taken.WHOLE:
        wrong = taken is Taken.WRONG_NUMBER
        return _write_error(DataAccessResult.DATA_BLOCK_NUMBER_INVALID if wrong else DataAccessResult.LONG_SET_ABORTED)
    try:
        request = WriteRequest.decode(WriteRequest.head + transfer.raw, limits=services.limits)
    except DecodeError:
        return WRITE_UNSUPPORTED
    return _write_all(services, turn, request.variable_access_specification, request.list_of_data)


# --- Both ----------------------------------------------------------------------------------------------------------------


def _begun(services: Services, turn: Turn, kind: type[LongRead | LongWrite], number: int) -> LongRequest | None:
    """The transfer that a block belongs to: a new one for block 1 where none goes on; None where there is none to go on with."""
    transfer = services.transfer
    if isinstance(transfer, kind):
        return transfer
    services.drop_transfer("another request came")
    return kind(0, turn.found, listed=True) if number == 1 else None


def _take(services: Services, turn: Turn, transfer: LongRequest, last: bool, number: int, raw: bytes) -> Taken:
    if not transfer.continued_with(turn.found):
        services.drop_transfer("a block came with other protection")
        return Taken.TOO_LARGE
    services.keep_transfer(transfer)
    taken = transfer.take(DataBlockSA(last, number, raw), services.limits.apdu_octets)
    if taken is not Taken.MORE:
        services.drop_transfer("complete" if taken is Taken.WHOLE else taken.value)
    return taken


def _selection(item: VariableName | ParameterizedAccess) -> SelectiveAccessDescriptor | None:
    return None if isinstance(item, VariableName) else SelectiveAccessDescriptor(item.selector, item.parameter)


def _least_answer(count: int) -> int:
    return len(ReadResponse((DataAccessError(0),) * count).encode()) if count < 0x80 else 4 + _WRITE_RESULT_OCTETS * count


def _read_error(code: DataAccessResult) -> bytes:
    return ReadResponse((DataAccessError(int(code)),)).encode()


def _write_error(code: DataAccessResult) -> bytes:
    return WriteResponse((DataAccessError(int(code)),)).encode()
