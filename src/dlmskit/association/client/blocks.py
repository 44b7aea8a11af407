"""General block transfer at a client: requests out in blocks, answers and pushes in (application layer, 6).

The client's timer recovers what is lost, in both directions. One exchange goes on at a time; the last one lingers, so that a
server that has not heard of its end is told again.
"""

from __future__ import annotations

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer import ANY, BlockOptions, BlockTransfer, Reaction, UnconfirmedStream, block_octets
from dlmskit.association.settings import AssociationSettings
from dlmskit.errors import DecodeError
from dlmskit.limits import Limits

_NOTHING = Reaction()
_EARLY_BLOCKS = 8
"""Blocks of an unconfirmed push that may overtake one another, over datagrams."""


class ClientBlocks:
    """The exchange of one association that is going on, or that went on last."""

    def __init__(self, settings: AssociationSettings, limit: int, limits: Limits, *, reliable: bool) -> None:
        self.limit = limit
        """The largest APDU that is sent without blocks."""
        self._limits = limits
        self._options = BlockOptions(
            window=settings.block_window,
            block_octets=block_octets(limit),
            most_octets=limits.apdu_octets,
            retries=settings.block_retries,
            acknowledges=not settings.tolerances.no_final_acknowledgement,
            late_copies=0 if reliable else ANY if settings.policy.response else 1,
        )
        self._transfer: BlockTransfer | None = None
        self._before: BlockTransfer | None = None
        self._unconfirmed = UnconfirmedStream(limits, reorder=0 if reliable else _EARLY_BLOCKS)

    @property
    def aborted(self) -> bool:
        """Whether the exchange is over without success."""
        return self._transfer is not None and self._transfer.aborted

    @property
    def used(self) -> bool:
        """Whether the last answer came in blocks."""
        return self._transfer is not None and self._transfer.ended

    def begin(self, request: bytes) -> tuple[bytes, ...]:
        """Begin an exchange with a request in blocks: what to send. Raises LocalProtocolError where it is too long even so."""
        return self._begin().send(request)

    def expect(self) -> None:
        """Begin an exchange whose request goes without blocks: the answer may come in blocks."""
        if self._transfer is not None:
            self._before, self._transfer = self._transfer, None

    def receive(self, octets: bytes) -> Reaction:
        """Take a block. One that cannot be decoded is lost like any other."""
        try:
            block = GeneralBlockTransfer.decode(octets, limits=self._limits)
        except DecodeError:
            return _NOTHING
        if not block.window and block.block_number:
            return Reaction((), self._unconfirmed.receive(block))
        transfer = self._transfer
        if transfer is None or transfer.aborted or (transfer.ended and transfer.first_block != block.block_data):
            if block.block_number != 1 or block.block_number_ack or not block.block_data:
                return _NOTHING if transfer is None else transfer.receive(octets, block)
            transfer = self._begin()
        return transfer.receive(octets, block)

    def expired(self) -> tuple[bytes, ...] | None:
        """Nothing came in time: what to send again; None where no exchange by blocks is going on."""
        transfer = self._transfer
        if transfer is None or transfer.ended or transfer.idle:
            return None
        return transfer.expired()

    def _begin(self) -> BlockTransfer:
        self.expect()
        self._transfer = transfer = BlockTransfer(self._options, self._before)
        return transfer
