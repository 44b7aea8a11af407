"""One request and its answer: what goes out, with or without general block transfer, and which of what comes in is the answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlmskit.apdu import ActionRequestNextPblock, Apdu, GeneralBlockTransfer, GetRequestNext
from dlmskit.association.errors import BlockTransferAborted
from dlmskit.association.ports import Exchange, Tell
from dlmskit.errors import TransportError, TransportTimeout

if TYPE_CHECKING:
    from dlmskit.association.client.core import Core

BLOCK = GeneralBlockTransfer.head[0]
_NEXT = (GetRequestNext.head[:2], ActionRequestNextPblock.head[:2])
"""Requests for the next block of a service: general block transfer does not carry them."""

Late = Callable[[Any], bool]
"""Whether an answer is one to the request before."""


def outgoing(core: Core, plain: bytes) -> tuple[bytes, ...]:
    """A request as it is sent: in blocks where it is too long, and always where messages get lost."""
    octets, blocks = core.protect(plain), core.blocks
    if blocks is None:
        return (octets,)
    if (len(octets) > blocks.limit or not core.reliable) and plain[:2] not in _NEXT:
        return blocks.begin(octets)
    blocks.expect()
    return (octets,)


def exchanged(
    core: Core, out: tuple[bytes, ...], expected: frozenset[type[Apdu]], invoke_id: int | None, late: Late | None = None
) -> Exchange[Any]:
    """Send, and wait for the answer. A time-out within a block transfer repeats what the peer has not acknowledged."""
    core.repetition = None
    while True:
        try:
            received = yield out
        except TransportTimeout as error:
            out = yield from _again(core, error)
            continue
        out = ()
        if received and received[0] == BLOCK and core.blocks is not None:
            received, out = yield from _block(core, received)
            if not received:
                continue
        answer = core.accept(received, expected, invoke_id)
        if isinstance(answer, GeneralBlockTransfer):
            received, out = yield from _block(core, answer.encode())
            answer = core.accept(received, expected, invoke_id) if received else None
        out += core.to_confirm()
        if answer is not None and not (late is not None and late(answer)):
            if out:
                with suppress(TransportError):  # the answer is here, whatever becomes of its acknowledgement
                    yield Tell(out)
            return answer


def _again(core: Core, error: TransportTimeout) -> Exchange[tuple[bytes, ...]]:
    """What a block transfer sends again. Raises the error where there is none, or no progress in it."""
    blocks = core.blocks
    again = None if blocks is None else blocks.expired()
    if blocks is None or again is None:
        raise error
    if blocks.aborted:
        yield Tell(again)
        raise error
    return again


def _block(core: Core, octets: bytes) -> Exchange[tuple[bytes, tuple[bytes, ...]]]:
    """Take a block: the APDU where it is whole, and what to send. Raises BlockTransferAborted."""
    blocks = core.blocks
    if blocks is None:
        return b"", ()
    reaction = blocks.receive(octets)
    if blocks.aborted:
        if reaction.send:
            yield Tell(reaction.send)
        raise BlockTransferAborted("the block transfer was aborted")
    return reaction.apdu or b"", reaction.send
