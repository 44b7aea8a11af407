"""Unconfirmed general block transfer, as meters push (6.6): nothing is acknowledged, nothing is recovered."""

from __future__ import annotations

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer.sending import LARGEST_NUMBER, block_octets
from dlmskit.errors import LocalProtocolError
from dlmskit.limits import DEFAULT, Limits

_STREAMING, _LAST = 0x40, 0x80


def unconfirmed_blocks(apdu: bytes, limit: int) -> tuple[bytes, ...]:
    """The GBT APDUs, each no longer than ``limit``, that carry an APDU to somebody who does not answer.

    As meters do it the streaming bit is set in all of them, also in the last. Raises LocalProtocolError where it does not fit.
    """
    size = block_octets(limit)
    if size <= 0 or len(apdu) > size * LARGEST_NUMBER:
        raise LocalProtocolError(f"an APDU of {len(apdu)} octets does not go into blocks of at most {limit} octets")
    starts = range(0, len(apdu), size)
    return tuple(
        GeneralBlockTransfer(_STREAMING | (_LAST if at + size >= len(apdu) else 0), number, 0, apdu[at : at + size]).encode()
        for number, at in enumerate(starts, 1)
    )


class UnconfirmedStream:
    """Puts together what one source sends unconfirmed. Nothing comes out of an incomplete stream.

    Block 1 starts a new stream and throws an unfinished one away, the block just received is ignored when it comes again, any
    other number drops the stream until the next block 1. ``reorder``: over datagrams, how many blocks that came too early are
    kept for the one that is missing.
    """

    def __init__(self, limits: Limits = DEFAULT, reorder: int = 0) -> None:
        self._most = limits.apdu_octets
        self._reorder = reorder
        self._octets = bytearray()
        self._number = 0
        """Of the last block in sequence; 0 without a stream."""
        self._early: dict[int, GeneralBlockTransfer] = {}

    def receive(self, block: GeneralBlockTransfer) -> bytes | None:
        """Take a block; the APDU where this completes it."""
        number = block.block_number
        if number == 1 and not (self._number == 1 and self._octets == block.block_data):
            self._drop()
        elif not self._number or number <= self._number:
            if number != self._number and not self._reorder:
                self._drop()
            return None
        if number != self._number + 1:
            self._early[number] = block
            if len(self._early) > self._reorder or self._held > self._most:
                self._drop()
            return None
        whole = self._append(block)
        while whole is None and (early := self._early.pop(self._number + 1, None)) is not None:
            whole = self._append(early)
        return whole

    @property
    def _held(self) -> int:
        """Octets that are kept, those of early blocks too."""
        return len(self._octets) + sum(len(block.block_data) for block in self._early.values())

    def _append(self, block: GeneralBlockTransfer) -> bytes | None:
        if len(self._octets) + len(block.block_data) > self._most:
            self._drop()
            return None
        self._octets += block.block_data
        self._number = block.block_number
        if not block.last_block:
            return None
        whole = bytes(self._octets)
        self._drop()
        return whole or None

    def _drop(self) -> None:
        self._octets, self._number = bytearray(), 0
        self._early.clear()
