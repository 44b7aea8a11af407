"""SET as a server does it: normal, with list, and in blocks (application layer, 5.3, with all rows of its error table).

Nothing is written before the last block is there and decoded; a list is written item by item, each alone.
"""

from __future__ import annotations

from dlmskit.apdu import (
    CosemAttributeDescriptorWithSelection,
    DataBlockSA,
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlmskit.association.inputs import NOT_ALLOWED, NOT_EXECUTABLE, TOO_LONG
from dlmskit.association.server.services import Services, Turn
from dlmskit.association.server.transfers import LongSet, Taken
from dlmskit.codec.data import Data
from dlmskit.codec.reader import length_size
from dlmskit.errors import DecodeError
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import DataAccessResult

_SET = int(Conformance.SET)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
_VALUES_HEAD = SetRequestWithList(0, (), ()).encode()[:-1]
"""What stands before the list of values; blocks hold it from its count on."""
_LAST_BLOCK_OCTETS = len(SetResponseLastDatablockWithList(0, (), 1).encode()) - 1


def set_normal(services: Services, turn: Turn, request: SetRequestNormal) -> bytes:
    """One attribute."""
    if not services.conformance & _SET:
        return NOT_ALLOWED
    result = services.write(turn, request.cosem_attribute_descriptor, request.access_selection, request.value)
    return SetResponseNormal(turn.invoke_id, result).encode()


def set_with_list(services: Services, turn: Turn, request: SetRequestWithList) -> bytes:
    """Several attributes. Refused as a whole where counts differ or the results would not fit into the answer."""
    if services.conformance & (_SET | _LIST) != _SET | _LIST:
        return NOT_ALLOWED
    items, values = request.attribute_descriptor_list, request.value_list
    if len(items) != len(values):
        return NOT_EXECUTABLE
    if not _answer_fits(services, turn, len(items)):
        return TOO_LONG
    return SetResponseWithList(turn.invoke_id, _write_all(services, turn, items, values)).encode()


def set_first(services: Services, turn: Turn, request: SetRequestWithFirstDatablock) -> bytes:
    """The first block of a long value."""
    if services.conformance & (_SET | _BLOCKS) != _SET | _BLOCKS:
        return NOT_ALLOWED
    target = CosemAttributeDescriptorWithSelection(request.cosem_attribute_descriptor, request.access_selection)
    return _take(services, turn, LongSet(turn.invoke_id, turn.found, (target,), listed=False), request.datablock)


def set_first_of_list(services: Services, turn: Turn, request: SetRequestWithListAndFirstDatablock) -> bytes:
    """The first block of a long list of values."""
    wanted = _SET | _BLOCKS | _LIST
    if services.conformance & wanted != wanted:
        return NOT_ALLOWED
    targets = request.attribute_descriptor_list
    if not _answer_fits(services, turn, len(targets)):
        return TOO_LONG
    return _take(services, turn, LongSet(turn.invoke_id, turn.found, targets, listed=True), request.datablock)


def set_block(services: Services, turn: Turn, request: SetRequestWithDatablock) -> bytes:
    """A further block."""
    if not services.conformance & _BLOCKS:
        return NOT_ALLOWED
    transfer, number = services.transfer, request.datablock.block_number
    if not isinstance(transfer, LongSet) or transfer.invoke_id != turn.invoke_id & 0x0F:
        services.drop_transfer("a block of another one came")
        return _last(turn, DataAccessResult.NO_LONG_SET_IN_PROGRESS, number)
    if not transfer.continued_with(turn.found):
        services.drop_transfer("a block came with other protection")
        return _last(turn, DataAccessResult.READ_WRITE_DENIED, number)
    return _take(services, turn, transfer, request.datablock)


def _take(services: Services, turn: Turn, transfer: LongSet, block: DataBlockSA) -> bytes:
    services.keep_transfer(transfer)
    match transfer.take(block, services.limits.apdu_octets):
        case Taken.MORE:
            return SetResponseDatablock(turn.invoke_id, block.block_number).encode()
        case Taken.WHOLE:
            services.drop_transfer("complete")
            return _execute(services, turn, transfer)
        case Taken.WRONG_NUMBER as problem:
            services.drop_transfer(problem.value)
            return _last(turn, DataAccessResult.DATA_BLOCK_NUMBER_INVALID, block.block_number)
        case Taken.TOO_LARGE as problem:
            services.drop_transfer(problem.value)
            return _last(turn, DataAccessResult.LONG_SET_ABORTED, block.block_number)


def _execute(services: Services, turn: Turn, transfer: LongSet) -> bytes:
    """The last block is there: decode everything, then write."""
    try:
        if transfer.listed:
            values = SetRequestWithList.decode(_VALUES_HEAD + transfer.raw, limits=services.limits).value_list
        else:
            values = (Data.decode(transfer.raw, services.limits),)
    except DecodeError:
        return _last(turn, DataAccessResult.TYPE_UNMATCHED, transfer.number)
    if len(values) != len(transfer.targets):
        return NOT_EXECUTABLE
    results = _write_all(services, turn, transfer.targets, values)
    if transfer.listed:
        return SetResponseLastDatablockWithList(turn.invoke_id, results, transfer.number).encode()
    return SetResponseLastDatablock(turn.invoke_id, results[0], transfer.number).encode()


def _write_all(
    services: Services,
    turn: Turn,
    targets: tuple[CosemAttributeDescriptorWithSelection, ...],
    values: tuple[Data, ...],
) -> tuple[int, ...]:
    return tuple(
        services.write(turn, target.cosem_attribute_descriptor, target.access_selection, value)
        for target, value in zip(targets, values, strict=True)
    )


def _answer_fits(services: Services, turn: Turn, count: int) -> bool:
    """Whether the results of so many items fit into one answer: SET has no blocks for them. Asked before anything is written."""
    return _LAST_BLOCK_OCTETS + length_size(count) + count <= services.least_room(turn)


def _last(turn: Turn, code: DataAccessResult, number: int) -> bytes:
    return SetResponseLastDatablock(turn.invoke_id, int(code), number).encode()
