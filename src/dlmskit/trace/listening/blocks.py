"""Pushes in general blocks, as a listener takes them: unconfirmed, or confirmed, when it acknowledges and asks for what got lost.

Who pushes begins the exchange and keeps the timer; a listener never speaks unasked but for the confirmation.
"""

from __future__ import annotations

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer import (
    BlockOptions,
    BlockTransfer,
    Reaction,
    UnconfirmedStream,
    begins_another,
    block_octets,
)
from dlmskit.limits import Limits

_EARLY_BLOCKS = 8
"""Blocks of an unconfirmed push that may overtake one another, over datagrams."""
_BLOCK_OCTETS = 512
"""Largest APDU that is sent back without being cut: a confirmation is far shorter."""


class PushBlocks:
    """The blocks of one sender between two SAPs. ``answers``: whether it can be answered; else its blocks are only joined.

    ``round_trip_seconds`` of its medium: before that nobody comes back to ask again.
    """

    def __init__(
        self, limits: Limits, window: int = 16, *, answers: bool, reliable: bool, round_trip_seconds: float = 0.0
    ) -> None:
        self._pause = limits.message_seconds + round_trip_seconds
        self._answers = answers
        self._reliable = reliable
        self._options = BlockOptions(
            window=window,
            block_octets=block_octets(_BLOCK_OCTETS),
            most_octets=limits.apdu_octets,
            double_seconds=limits.double_seconds,
            late_copies=0 if reliable else 1,
        )
        self._unconfirmed = UnconfirmedStream(limits, _EARLY_BLOCKS)
        self._transfer: BlockTransfer | None = None
        self._heard = 0.0

    def receive(self, octets: bytes, block: GeneralBlockTransfer, now: float) -> Reaction:
        """Take a block: what to send, and the push where it is whole."""
        if not self._answers or (not block.window and block.block_number):
            return Reaction((), self._unconfirmed.receive(block), confirmed=False)
        if now - self._heard > self._pause:  # whoever comes back after so long begins anew
            self._transfer = None
        self._heard = now
        if begins_another(block, self._transfer, reliable=self._reliable):
            self._transfer = BlockTransfer(self._options, self._transfer)
        transfer = self._transfer
        if transfer is None:
            return Reaction()
        reaction = transfer.receive(octets, block, now)
        if transfer.aborted:
            self._transfer = None
        return reaction

    @property
    def exchange(self) -> BlockTransfer | None:
        """The confirmed exchange that is going on, or went on last."""
        return self._transfer

    def answer(self, exchange: BlockTransfer, apdu: bytes) -> tuple[bytes, ...]:
        """What is sent for the answer to the push of an exchange; nothing where another one has begun since."""
        return exchange.send(apdu) if exchange is self._transfer and exchange.ended else ()
