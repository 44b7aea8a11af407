"""GET as a client does it: one attribute, a list, and answers in blocks (application layer, 5.2)."""

from __future__ import annotations

from collections.abc import Sequence

from dlmskit.apdu import (
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    SelectiveAccessDescriptor,
)
from dlmskit.association.client.core import Core
from dlmskit.association.client.exchanging import Late
from dlmskit.association.ports import Exchange
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Apdu
from dlmskit.errors import LocalProtocolError, RemoteProtocolError
from dlmskit.types.conformance import Conformance

_GET = int(Conformance.GET)
_SELECTIVE = int(Conformance.SELECTIVE_ACCESS)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_ALL_ATTRIBUTES = int(Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET)

Answer = GetResponseNormal | GetResponseWithDatablock | GetResponseWithList
_ANSWERS: frozenset[type[Apdu]] = frozenset((GetResponseNormal, GetResponseWithDatablock, GetResponseWithList))
_BLOCKS: frozenset[type[Apdu]] = frozenset((GetResponseNormal, GetResponseWithDatablock))


def get_attribute(
    core: Core, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None = None
) -> Exchange[Data | int]:
    """Read one attribute: its value, or the data-access-result that says why there is none."""
    needed = _GET
    if selection is not None:
        needed |= _SELECTIVE
    if not descriptor.attribute_id:
        needed |= _ALL_ATTRIBUTES
    invoke_id = core.begin_request(needed)
    try:
        request = GetRequestNormal(invoke_id, descriptor, selection).encode()
        if len(request) > core.room:
            raise _too_long(core, request)
        answer: Answer = yield from core.exchange(request, _ANSWERS, invoke_id, core.settings.retries)
        if isinstance(answer, GetResponseNormal):
            return answer.result
        if isinstance(answer, GetResponseWithDatablock):
            raw = yield from _blocks(core, answer, invoke_id)
            return raw if isinstance(raw, int) else Data.decode(raw, core.limits)
        return _only(answer.result)
    finally:
        core.end()


def get_list(core: Core, items: Sequence[CosemAttributeDescriptorWithSelection]) -> Exchange[list[Data | int]]:
    """Read several attributes with one request: for each its value or its data-access-result, in the order asked."""
    needed = _GET | _LIST
    if any(item.access_selection is not None for item in items):
        needed |= _SELECTIVE
    if not all(item.cosem_attribute_descriptor.attribute_id for item in items):
        needed |= _ALL_ATTRIBUTES
    invoke_id = core.begin_request(needed)
    try:
        request = GetRequestWithList(invoke_id, tuple(items)).encode()
        if len(request) > core.room:
            raise _too_long(core, request)
        answer: Answer = yield from core.exchange(request, _ANSWERS, invoke_id, core.settings.retries)
        if isinstance(answer, GetResponseWithDatablock):
            raw = yield from _blocks(core, answer, invoke_id)
            if isinstance(raw, int):
                return [raw] * len(items)
            results = GetResponseWithList.decode(_LIST_HEAD + raw, limits=core.limits).result
        else:
            results = answer.result if isinstance(answer, GetResponseWithList) else (answer.result,)
        if len(results) == 1 and isinstance(results[0], int):  # refused as a whole: seen in the field
            return [results[0]] * len(items)
        if len(results) != len(items):
            raise RemoteProtocolError(f"{len(items)} attributes were asked for, {len(results)} answers came")
        return list(results)
    finally:
        core.end()


def _too_long(core: Core, request: bytes) -> LocalProtocolError:
    """The error for a request that the server does not take; GET has no blocks for requests."""
    return LocalProtocolError(f"a GET request of {len(request)} octets; the server takes {core.room}")


def _only(results: tuple[Data | int, ...]) -> Data | int:
    """The answer with list of a server that was asked for one attribute: seen in the field."""
    if len(results) != 1:
        raise RemoteProtocolError(f"one attribute was asked for, {len(results)} answers came")
    return results[0]


def _blocks(core: Core, answer: GetResponseWithDatablock | GetResponseNormal, invoke_id: int) -> Exchange[bytes | int]:
    """Fetch the blocks behind the first one: the whole, or the data-access-result with which the server gave up."""
    parts: list[bytes] = []
    size = 0
    first = number = None
    while True:
        if isinstance(answer, GetResponseNormal):  # an early error in the normal form: seen in the field
            return _error(answer.result)
        block = answer.result
        if isinstance(block.result, int):
            return _error(block.result)
        if number is None:
            first = block.block_number
            if first not in (0, 1):  # 0: seen in the field
                raise RemoteProtocolError(f"the first block has number {first}")
        elif block.block_number != number + 1:
            raise RemoteProtocolError(f"block {block.block_number} came after block {number}")
        number = block.block_number
        size += len(block.result)
        if size > core.limits.apdu_octets:
            raise RemoteProtocolError(f"blocks of more than {core.limits.apdu_octets} octets in all")
        parts.append(block.result)
        if block.last_block:
            return b"".join(parts)
        if not block.result:
            raise RemoteProtocolError(f"block {number} is empty and not the last one")
        request = GetRequestNext(invoke_id, number).encode()
        answer = yield from core.exchange(request, _BLOCKS, invoke_id, core.settings.retries, late=_not_behind(number))


def _not_behind(number: int) -> Late:
    """Whether an answer brings a block that was taken already."""
    return lambda answer: (
        isinstance(answer, GetResponseWithDatablock)
        and isinstance(answer.result.result, bytes)
        and answer.result.block_number <= number
    )


def _error(result: Data | int) -> int:
    if isinstance(result, int):
        return result
    raise RemoteProtocolError("a whole value came in the middle of a block transfer")


_LIST_HEAD = GetResponseWithList(0, ()).encode()[:3]
"""What stands before the list in an answer; blocks hold the list from its count on."""
