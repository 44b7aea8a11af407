"""ACTION as a client does it: one method, a list, parameters and answers in blocks (application layer, 5.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlmskit.apdu import (
    CONFIRMED,
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
from dlmskit.association.client.core import Core
from dlmskit.association.client.set import block_room
from dlmskit.association.ports import Exchange
from dlmskit.codec.data import Data
from dlmskit.codec.reader import write_length
from dlmskit.codec.schema import Apdu
from dlmskit.errors import DecodeError, LocalProtocolError, RemoteProtocolError
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult

_ACTION = int(Conformance.ACTION)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_ACTION)

_ANSWERS: frozenset[type[Apdu]] = frozenset((ActionResponseNormal, ActionResponseWithList, ActionResponseWithPblock))
_BLOCK_ANSWERS: frozenset[type[Apdu]] = _ANSWERS | {ActionResponseNextPblock}
_LIST_HEAD = ActionResponseWithList(0, ()).encode()[:3]

First = Callable[[DataBlockSA], Apdu]


def invoke(
    core: Core, descriptor: CosemMethodDescriptor, parameters: Data | None = None
) -> Exchange[ActionResponseWithOptionalData]:
    """Invoke one method: its action-result, and what it returned."""
    invoke_id = core.begin_request(_ACTION)
    try:
        request = ActionRequestNormal(invoke_id, descriptor, parameters).encode()
        if len(request) <= core.room or parameters is None:
            answer = yield from _ask(core, request, invoke_id)
        else:
            first = lambda block: ActionRequestWithFirstPblock(invoke_id, descriptor, block)  # noqa: E731
            answer = yield from _send_blocks(core, first, parameters.octets, invoke_id)
        if isinstance(answer, ActionResponseWithPblock):
            raw = yield from _receive_blocks(core, answer, invoke_id)
            return raw if isinstance(raw, ActionResponseWithOptionalData) else _single(core, raw)
        responses = (answer.single_response,) if isinstance(answer, ActionResponseNormal) else _listed(answer)
        if len(responses) != 1:
            raise RemoteProtocolError(f"one method was invoked, {len(responses)} answers came")
        return responses[0]
    finally:
        core.end()


def invoke_unconfirmed(core: Core, descriptor: CosemMethodDescriptor, parameters: Data | None = None) -> bytes:
    """ACTION of one method as an APDU that asks for no answer, ready to be sent."""
    invoke_id = core.begin_request(_ACTION)
    try:
        return core.unconfirmed(ActionRequestNormal(invoke_id & ~CONFIRMED, descriptor, parameters))
    finally:
        core.end()


def invoke_list(
    core: Core, descriptors: Sequence[CosemMethodDescriptor], parameters: Sequence[Data | None]
) -> Exchange[list[ActionResponseWithOptionalData]]:
    """Invoke several methods with one request; their results in their order."""
    if len(descriptors) != len(parameters):
        raise LocalProtocolError(f"{len(descriptors)} methods and {len(parameters)} parameters")
    invoke_id = core.begin_request(_ACTION | _LIST)
    try:
        given = tuple(Data.null() if one is None else one for one in parameters)
        request = ActionRequestWithList(invoke_id, tuple(descriptors), given).encode()
        if len(request) <= core.room:
            answer = yield from _ask(core, request, invoke_id)
        else:
            raw = write_length(len(given)) + b"".join(one.octets for one in given)
            first = lambda block: ActionRequestWithListAndFirstPblock(invoke_id, tuple(descriptors), block)  # noqa: E731
            answer = yield from _send_blocks(core, first, raw, invoke_id)
        if isinstance(answer, ActionResponseWithPblock):
            received = yield from _receive_blocks(core, answer, invoke_id)
            if isinstance(received, ActionResponseWithOptionalData):
                return [received] * len(descriptors)
            answer = ActionResponseWithList.decode(_LIST_HEAD + received, deviations=core.tolerated, limits=core.limits)
        if isinstance(answer, ActionResponseNormal):  # a transfer that ended as a whole
            return [answer.single_response] * len(descriptors)
        responses = _listed(answer)
        if len(responses) != len(descriptors):
            raise RemoteProtocolError(f"{len(descriptors)} methods were invoked, {len(responses)} answers came")
        return list(responses)
    finally:
        core.end()


def _ask(core: Core, request: bytes, invoke_id: int) -> Exchange[Apdu]:
    if len(request) > core.room:
        raise LocalProtocolError(f"an ACTION request of {len(request)} octets; the server takes {core.room}")
    answer: Apdu = yield from core.exchange(request, _ANSWERS, invoke_id)
    return answer


def _listed(answer: Apdu) -> tuple[ActionResponseWithOptionalData, ...]:
    if isinstance(answer, ActionResponseWithList):
        return answer.list_of_responses
    raise RemoteProtocolError(f"{type(answer).__name__} came in place of the results")


def _send_blocks(core: Core, first: First, raw: bytes, invoke_id: int) -> Exchange[Apdu]:
    """Send the parameters in blocks, each as large as the server takes; the answer that ends the transfer."""
    core.demand(_BLOCKS)
    number = 1
    make: First = first
    at = 0
    while True:
        room = block_room(core, make)
        last = len(raw) - at <= room
        block = DataBlockSA(last, number, raw[at : at + room])
        answer: Apdu = yield from core.exchange(make(block).encode(), _BLOCK_ANSWERS, invoke_id)
        if not isinstance(answer, ActionResponseNextPblock):
            return answer
        if last or answer.block_number != number:
            raise RemoteProtocolError(f"block {number} was sent, block {answer.block_number} is acknowledged")
        at += room
        number += 1
        make = lambda block: ActionRequestWithPblock(invoke_id, block)  # noqa: E731


def _receive_blocks(core: Core, answer: Apdu, invoke_id: int) -> Exchange[bytes | ActionResponseWithOptionalData]:
    """Fetch the blocks behind the first one: the whole, or the result with which the server gave up."""
    parts: list[bytes] = []
    size = number = 0
    while isinstance(answer, ActionResponseWithPblock):
        block = answer.pblock
        if block.block_number != number + 1:
            raise RemoteProtocolError(f"block {block.block_number} came after block {number}")
        number += 1
        size += len(block.raw_data)
        if size > core.limits.apdu_octets:
            raise RemoteProtocolError(f"blocks of more than {core.limits.apdu_octets} octets in all")
        parts.append(block.raw_data)
        if block.last_block:
            return b"".join(parts)
        if not block.raw_data:
            raise RemoteProtocolError(f"block {number} is empty and not the last one")
        answer = yield from core.exchange(ActionRequestNextPblock(invoke_id, number).encode(), _ANSWERS, invoke_id)
    if isinstance(answer, ActionResponseNormal):
        return answer.single_response
    raise RemoteProtocolError(f"{type(answer).__name__} came in the middle of a block transfer")


def _single(core: Core, raw: bytes) -> ActionResponseWithOptionalData:
    """Blocks hold result and return parameters; some servers put the bare return value into them."""
    try:
        return ActionResponseWithOptionalData.decode(raw, deviations=None, limits=core.limits)
    except DecodeError as error:
        if core.tolerated is None:
            raise
        try:
            value = Data.decode(raw, core.limits)
        except DecodeError:
            raise error from None
        core.tolerated.append("the blocks of an ACTION response hold the bare return value")
        return ActionResponseWithOptionalData(ActionResult.SUCCESS, value)
