"""ACTION as a server does it: normal, with list, and in blocks both ways (application layer, 5.4).

A long request may be followed by a long answer. Parameters are executed when the last block is there and decoded.
"""

from __future__ import annotations

from dlmskit.apdu import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithOptionalData,
    ActionResponseWithPblock,
    CosemMethodDescriptor,
    DataBlockSA,
)
from dlmskit.association.inputs import NOT_ALLOWED, NOT_EXECUTABLE, TOO_LONG
from dlmskit.association.server.services import Services, Turn
from dlmskit.association.server.transfers import Asked, LongAction, LongAnswer, Taken
from dlmskit.association.sizes import content_room
from dlmskit.codec.data import Data
from dlmskit.codec.reader import length_size
from dlmskit.errors import DecodeError
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, DataAccessResult

_ACTION = int(Conformance.ACTION)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_ACTION)
_PARAMETERS_HEAD = ActionRequestWithList(0, (), ()).encode()[:-1]
"""What stands before the list of parameters; blocks hold it from its count on."""
_LIST_HEAD = len(ActionResponseWithList(0, ()).encode()) - 1
_NO_PARAMETER = Data.null().octets
_NORMAL_HEAD = 3
"""Tag, choice and invoke-id; blocks hold what follows."""
_BLOCK_HEAD = len(ActionResponseWithPblock(0, DataBlockSA(False, 1, b"")).encode()) - 1


def action_normal(services: Services, turn: Turn, request: ActionRequestNormal) -> bytes:
    """One method."""
    if not services.conformance & _ACTION:
        return NOT_ALLOWED
    return _invoke(services, turn, request.cosem_method_descriptor, request.method_invocation_parameters)


def action_with_list(services: Services, turn: Turn, request: ActionRequestWithList) -> bytes:
    """Several methods, in order. Refused as a whole where counts differ or the bare results would not fit into the answer."""
    if services.conformance & (_ACTION | _LIST) != _ACTION | _LIST:
        return NOT_ALLOWED
    return _invoke_all(services, turn, request.cosem_method_descriptor_list, request.method_invocation_parameters)


def action_first(services: Services, turn: Turn, request: ActionRequestWithFirstPblock) -> bytes:
    """The first block of long parameters."""
    if services.conformance & (_ACTION | _BLOCKS) != _ACTION | _BLOCKS:
        return NOT_ALLOWED
    transfer = LongAction(turn.invoke_id, turn.found, (request.cosem_method_descriptor,), listed=False)
    return _take(services, turn, transfer, request.pblock)


def action_first_of_list(services: Services, turn: Turn, request: ActionRequestWithListAndFirstPblock) -> bytes:
    """The first block of the long parameters of several methods."""
    wanted = _ACTION | _BLOCKS | _LIST
    if services.conformance & wanted != wanted:
        return NOT_ALLOWED
    transfer = LongAction(turn.invoke_id, turn.found, request.cosem_method_descriptor_list, listed=True)
    return _take(services, turn, transfer, request.pblock)


def action_block(services: Services, turn: Turn, request: ActionRequestWithPblock) -> bytes:
    """A further block of parameters."""
    if not services.conformance & _BLOCKS:
        return NOT_ALLOWED
    transfer = services.transfer
    if not isinstance(transfer, LongAction) or transfer.invoke_id != turn.invoke_id & 0x0F:
        services.drop_transfer("a block of another one came")
        return _error(turn, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
    if not transfer.continued_with(turn.found):
        services.drop_transfer("a block came with other protection")
        return _error(turn, ActionResult.READ_WRITE_DENIED)
    return _take(services, turn, transfer, request.pblock)


def action_next(services: Services, turn: Turn, request: ActionRequestNextPblock) -> bytes:
    """The next block of a long answer, or the one before once more."""
    if not services.conformance & _BLOCKS:
        return NOT_ALLOWED
    transfer = services.transfer
    if not isinstance(transfer, LongAnswer) or not transfer.action or transfer.invoke_id != turn.invoke_id & 0x0F:
        services.drop_transfer("the next block of another one was asked for")
        return _error(turn, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
    if not transfer.continued_with(turn.found):
        services.drop_transfer("the next block was asked for with other protection")
        return _error(turn, ActionResult.READ_WRITE_DENIED)
    match transfer.asks(request.block_number):
        case Asked.NEXT:
            return _send(services, turn, transfer)
        case Asked.REPEAT:
            turn.required |= transfer.required
            return ActionResponseWithPblock(turn.invoke_id, DataBlockSA(*transfer.block())).encode()
        case Asked.BEYOND:
            services.drop_transfer("the end was reached")
            return _error(turn, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
        case Asked.WRONG:
            services.drop_transfer(f"block {request.block_number} was acknowledged, {transfer.number} was sent")
            return _error(turn, ActionResult.LONG_ACTION_ABORTED)


def _take(services: Services, turn: Turn, transfer: LongAction, block: DataBlockSA) -> bytes:
    services.keep_transfer(transfer)
    match transfer.take(block, services.limits.apdu_octets):
        case Taken.MORE:
            return ActionResponseNextPblock(turn.invoke_id, block.block_number).encode()
        case Taken.WHOLE:
            services.drop_transfer("complete")
            return _execute(services, turn, transfer)
        case Taken.WRONG_NUMBER | Taken.TOO_LARGE as problem:
            services.drop_transfer(problem.value)
            return _error(turn, ActionResult.LONG_ACTION_ABORTED)


def _execute(services: Services, turn: Turn, transfer: LongAction) -> bytes:
    """The last block is there: decode everything, then invoke."""
    try:
        if transfer.listed:
            decoded = ActionRequestWithList.decode(_PARAMETERS_HEAD + transfer.raw, limits=services.limits)
            return _invoke_all(services, turn, transfer.targets, decoded.method_invocation_parameters)
        parameters = Data.decode(transfer.raw, services.limits)
    except DecodeError:
        return _error(turn, ActionResult.TYPE_UNMATCHED)
    return _invoke(services, turn, transfer.targets[0], parameters)


def _invoke(services: Services, turn: Turn, descriptor: CosemMethodDescriptor, parameters: Data | None) -> bytes:
    response = services.invoke(turn, descriptor, parameters)
    answer = ActionResponseNormal(turn.invoke_id, response).encode()
    if len(answer) <= services.room(turn):
        return answer
    if services.conformance & _BLOCKS:
        return _begin(services, turn, answer[_NORMAL_HEAD:])
    return ActionResponseNormal(turn.invoke_id, _without_data(response)).encode()


def _invoke_all(
    services: Services, turn: Turn, descriptors: tuple[CosemMethodDescriptor, ...], parameters: tuple[Data, ...]
) -> bytes:
    if len(descriptors) != len(parameters):
        return NOT_EXECUTABLE
    least = _LIST_HEAD + length_size(len(descriptors)) + 4 * len(descriptors)
    if least > services.least_room(turn) and not services.conformance & _BLOCKS:
        return TOO_LONG
    responses = [
        services.invoke(turn, descriptor, None if given.octets == _NO_PARAMETER else given)
        for descriptor, given in zip(descriptors, parameters, strict=True)
    ]
    answer = ActionResponseWithList(turn.invoke_id, tuple(responses)).encode()
    if len(answer) <= services.room(turn):
        return answer
    if services.conformance & _BLOCKS:
        return _begin(services, turn, answer[_LIST_HEAD:])
    return ActionResponseWithList(turn.invoke_id, tuple(_without_data(response) for response in responses)).encode()


def _without_data(response: ActionResponseWithOptionalData) -> ActionResponseWithOptionalData:
    """What was done, without the return value that does not fit and that no blocks were negotiated for."""
    if isinstance(response.return_parameters, Data):
        return ActionResponseWithOptionalData(response.result, int(DataAccessResult.OTHER_REASON))
    return response


def _begin(services: Services, turn: Turn, raw: bytes) -> bytes:
    return _send(services, turn, LongAnswer(turn.invoke_id, turn.found, turn.required, raw, action=True))


def _send(services: Services, turn: Turn, transfer: LongAnswer) -> bytes:
    turn.required |= transfer.required
    room = content_room(services.room(turn) - _BLOCK_HEAD)
    if room <= 0:
        services.drop_transfer("no block fits into what the client receives")
        return TOO_LONG
    services.keep_transfer(transfer)
    return ActionResponseWithPblock(turn.invoke_id, DataBlockSA(*transfer.next_block(room))).encode()


def _error(turn: Turn, code: ActionResult) -> bytes:
    return ActionResponseNormal(turn.invoke_id, ActionResponseWithOptionalData(int(code))).encode()
