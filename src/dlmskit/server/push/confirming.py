"""One attempt of a confirmed push: sent whole or in confirmed general blocks, then waited for until it is confirmed.

In blocks the meter is who begins the exchange: its timer asks for what got lost, and an empty block asks for the confirmation
again. However it ends, it is told by an error of the transport or of the block transfer, and counts as a failed attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer import BlockOptions, BlockTransfer, block_octets
from dlmskit.association.errors import BlockTransferAborted
from dlmskit.association.settings import AssociationSettings
from dlmskit.errors import DecodeError, LocalProtocolError, TransportTimeout
from dlmskit.transport.base import Transport

Confirms = Callable[[bytes], bool]
"""Whether an APDU confirms the push."""
_MOST_OCTETS = 4096
"""Of a confirmation that comes in blocks."""
_MOST_LATE = 64
"""APDUs that have arrived when the time is over, and are still looked at: who talks without end keeps nobody waiting."""
_BLOCK = GeneralBlockTransfer.head[0]


async def confirmed(transport: Transport, octets: bytes, seconds: float, confirms: Confirms) -> None:
    """Send a push as it is and wait for its confirmation; whatever else comes is passed over.

    Raises TransportTimeout where none comes in time, TransportError.
    """
    await transport.send(octets)
    deadline = _Deadline(seconds)
    while not confirms(await deadline.next(transport)):
        continue


async def confirmed_in_blocks(
    transport: Transport, octets: bytes, options: BlockOptions, seconds: float, confirms: Confirms
) -> None:
    """Send a push in blocks that the listener acknowledges, and wait for its confirmation, with or without blocks.

    ``seconds`` is how long an answer to a stream of blocks may take. Raises TransportTimeout where nothing comes in spite of all
    repetitions, BlockTransferAborted, and TransportError.
    """
    transfer = BlockTransfer(options)
    out = transfer.send(octets)
    deadline = _Deadline(seconds)
    while True:
        if out:
            await _send(transport, out)
            deadline = _Deadline(seconds)
        try:
            received = await deadline.next(transport)
        except TransportTimeout:
            out = transfer.expired()
            if transfer.aborted:
                await _send(transport, out)
                raise
            continue
        out, whole = _taken(transfer, received)
        if transfer.aborted:
            await _send(transport, out)
            raise BlockTransferAborted("the block transfer of the push was aborted")
        if whole is None:
            continue
        if confirms(whole):
            await _send(transport, out)
            return
        if received[0] == _BLOCK:
            raise BlockTransferAborted("what came back in blocks is no confirmation of the push")


def block_options(settings: AssociationSettings, limit: int, *, reliable: bool) -> BlockOptions:
    """How a push is cut into blocks whose APDUs have at most ``limit`` octets. Raises LocalProtocolError where none fit."""
    size = block_octets(limit)
    if size <= 0:
        raise LocalProtocolError(f"no block of a push goes into {limit} octets")
    return BlockOptions(
        window=settings.block_window,
        block_octets=size,
        most_octets=_MOST_OCTETS,
        retries=settings.block_retries,
        late_copies=0 if reliable else 1,
    )


def _taken(transfer: BlockTransfer, received: bytes) -> tuple[tuple[bytes, ...], bytes | None]:
    """What is to be sent for an APDU that came, and the APDU that is whole now; a block that cannot be read is a lost one."""
    if received[:1] != bytes((_BLOCK,)):
        return (), received
    try:
        block = GeneralBlockTransfer.decode(received)
    except DecodeError:
        return (), None
    reaction = transfer.receive(received, block)
    return reaction.send, reaction.apdu


async def _send(transport: Transport, apdus: Iterable[bytes]) -> None:
    for apdu in apdus:
        await transport.send(apdu)


class _Deadline:
    """The moment at which waiting ends."""

    def __init__(self, seconds: float) -> None:
        self._clock = asyncio.get_running_loop().time
        self._at = self._clock() + seconds
        self._late = 0

    async def next(self, transport: Transport) -> bytes:
        """The APDU that comes until then, or has arrived already. Raises TransportTimeout, TransportError."""
        left = self._at - self._clock()
        if left <= 0:
            self._late += 1
            if self._late > _MOST_LATE:
                raise TransportTimeout("nothing that came in time confirms the push")
        return await transport.receive(max(left, 0.001))
