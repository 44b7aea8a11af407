"""SET as a client does it: one attribute, a list, and values in blocks (application layer, 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlmskit.apdu import (
    CONFIRMED,
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    DataBlockSA,
    SelectiveAccessDescriptor,
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
from dlmskit.association.client.core import Core
from dlmskit.association.client.exchanging import Late
from dlmskit.association.ports import Exchange
from dlmskit.association.sizes import content_room
from dlmskit.codec.data import Data
from dlmskit.codec.reader import write_length
from dlmskit.codec.schema import Apdu
from dlmskit.errors import LocalProtocolError, RemoteProtocolError
from dlmskit.types.conformance import Conformance

_SET = int(Conformance.SET)
_SELECTIVE = int(Conformance.SELECTIVE_ACCESS)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
_ALL_ATTRIBUTES = int(Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET)

_ANSWERS: frozenset[type[Apdu]] = frozenset((SetResponseNormal, SetResponseWithList))
_BLOCK_ANSWERS: frozenset[type[Apdu]] = _ANSWERS | {
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
}

First = Callable[[DataBlockSA], Apdu]
"""Makes the first request of a block transfer from its first block."""


def set_attribute(
    core: Core, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None = None
) -> Exchange[int]:
    """Write one attribute; the data-access-result, 0 for success."""
    needed = _SET | (_SELECTIVE if selection is not None else 0) | (0 if descriptor.attribute_id else _ALL_ATTRIBUTES)
    invoke_id = core.begin_request(needed)
    try:
        request = SetRequestNormal(invoke_id, descriptor, selection, value).encode()
        if len(request) <= core.room:
            answer = yield from core.exchange(request, _ANSWERS, invoke_id)
        else:
            first = lambda block: SetRequestWithFirstDatablock(invoke_id, descriptor, selection, block)  # noqa: E731
            answer = yield from _send_blocks(core, first, value.octets, invoke_id)
        return _results(answer, 1)[0]
    finally:
        core.end()


def set_unconfirmed(
    core: Core, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None = None
) -> bytes:
    """SET of one attribute as an APDU that asks for no answer, ready to be sent."""
    invoke_id = core.begin_request(_SET | (_SELECTIVE if selection is not None else 0))
    try:
        return core.unconfirmed(SetRequestNormal(invoke_id & ~CONFIRMED, descriptor, selection, value))
    finally:
        core.end()


def set_list(core: Core, items: Sequence[CosemAttributeDescriptorWithSelection], values: Sequence[Data]) -> Exchange[list[int]]:
    """Write several attributes with one request; the data-access-results in their order."""
    if len(items) != len(values):
        raise LocalProtocolError(f"{len(items)} attributes and {len(values)} values")
    needed = _SET | _LIST
    if any(item.access_selection is not None for item in items):
        needed |= _SELECTIVE
    if not all(item.cosem_attribute_descriptor.attribute_id for item in items):
        needed |= _ALL_ATTRIBUTES
    invoke_id = core.begin_request(needed)
    try:
        request = SetRequestWithList(invoke_id, tuple(items), tuple(values)).encode()
        if len(request) <= core.room:
            answer = yield from core.exchange(request, _ANSWERS, invoke_id)
        else:
            raw = write_length(len(values)) + b"".join(value.octets for value in values)
            first = lambda block: SetRequestWithListAndFirstDatablock(invoke_id, tuple(items), block)  # noqa: E731
            answer = yield from _send_blocks(core, first, raw, invoke_id)
        return _results(answer, len(items))
    finally:
        core.end()


def _send_blocks(core: Core, first: First, raw: bytes, invoke_id: int) -> Exchange[Apdu]:
    """Send ``raw`` in blocks, each as large as the server takes; the answer that ends the transfer, early or not."""
    core.demand(_BLOCKS)
    number = 1
    make: First = first
    at = 0
    while True:
        room = block_room(core, make)
        last = len(raw) - at <= room
        block = DataBlockSA(last, number, raw[at : at + room])
        answer: Apdu = yield from core.exchange(make(block).encode(), _BLOCK_ANSWERS, invoke_id, late=_before(number))
        if not isinstance(answer, SetResponseDatablock):
            return answer
        if last or answer.block_number != number:
            raise RemoteProtocolError(f"block {number} was sent, block {answer.block_number} is acknowledged")
        at += room
        number += 1
        make = lambda block: SetRequestWithDatablock(invoke_id, block)  # noqa: E731


def _before(number: int) -> Late:
    """Whether an answer acknowledges an earlier block."""
    return lambda answer: isinstance(answer, SetResponseDatablock) and answer.block_number < number


def block_room(core: Core, make: First) -> int:
    """How many octets of raw data fit into the request that ``make`` builds. Raises LocalProtocolError where none do."""
    room = content_room(core.room - len(make(DataBlockSA(False, 1, b"")).encode()) + 1)
    if room <= 0:
        raise LocalProtocolError(f"the server takes {core.room} octets: no block fits")
    return room


def _results(answer: Apdu, count: int) -> list[int]:
    """The results of ``count`` items; one code for all of them where the transfer ended as a whole."""
    if isinstance(answer, SetResponseNormal | SetResponseLastDatablock):
        return [answer.result] * count
    if isinstance(answer, SetResponseWithList | SetResponseLastDatablockWithList) and len(answer.result) == count:
        return list(answer.result)
    raise RemoteProtocolError(f"{count} results were due, {type(answer).__name__} came")
