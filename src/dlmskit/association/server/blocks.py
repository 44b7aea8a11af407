"""General block transfer at a server: blocks in, whole requests out; whole answers in, blocks out (application layer, 6).

One exchange goes on at a time, and what is not block transfer ends it. The client's timer alone recovers what is lost, so a
server never speaks unasked. A request that is known again is not handed up again: its answer is repeated.
"""

from __future__ import annotations

from collections import deque
from math import inf

from dlmskit.apdu import GeneralBlockTransfer
from dlmskit.association.block_transfer import (
    ANY,
    BlockOptions,
    BlockTransfer,
    Reaction,
    UnconfirmedStream,
    begins_another,
    block_octets,
)
from dlmskit.association.inputs import TOO_LONG
from dlmskit.association.ports import Clock, EventCode
from dlmskit.association.reporting import Reporter
from dlmskit.association.settings import AssociationSettings
from dlmskit.errors import DecodeError, LocalProtocolError
from dlmskit.limits import Limits

_NOTHING = Reaction()
_EXCHANGES_KNOWN = 14
"""First blocks that are known again: one less than there are invoke-ids."""


class ServerBlocks:
    """The exchange of one open association that is going on."""

    def __init__(
        self,
        settings: AssociationSettings,
        limit: int,
        limits: Limits,
        clock: Clock,
        report: Reporter,
        *,
        reliable: bool,
    ) -> None:
        self._limit = limit
        self._limits = limits
        self._clock = clock
        self._report = report
        self._reliable = reliable
        self._options = BlockOptions(
            window=settings.block_window,
            block_octets=block_octets(limit),
            most_octets=limits.apdu_octets,
            double_seconds=limits.double_seconds,
            acknowledges=False,
            late_copies=0 if reliable else ANY if settings.policy.request else 1,
        )
        self._transfer: BlockTransfer | None = None
        self._before: BlockTransfer | None = None
        self._begun_by = b""
        """The request without blocks that this exchange answers."""
        self._first_blocks: deque[bytes] = deque(maxlen=0 if reliable else _EXCHANGES_KNOWN)
        self._unconfirmed = UnconfirmedStream(limits)
        self._expires = inf

    @property
    def deadline(self) -> float:
        """When `expire` has something to do."""
        return self._expires

    # --- Requests ---

    def receive(self, octets: bytes) -> Reaction:
        """Take a block: what to send, and the request where it is whole."""
        try:
            block = GeneralBlockTransfer.decode(octets, limits=self._limits)
        except DecodeError as error:
            self._report(EventCode.NOT_DECODED, "general block transfer", error)
            return _NOTHING
        if not block.window and block.block_number:
            return Reaction((), self._unconfirmed.receive(block), confirmed=False)
        if begins_another(block, self._transfer, reliable=self._reliable):
            if block.block_data in self._first_blocks:
                return _NOTHING
            self._begin(b"")
        transfer = self._transfer
        if transfer is None:
            return _NOTHING
        now = self._clock()
        self._expires = now + self._limits.message_seconds
        reaction = transfer.receive(octets, block, now)
        if transfer.aborted:
            self.drop("aborted")
        return reaction

    # --- Answers ---

    def answer(self, answer: bytes) -> tuple[bytes, ...]:
        """What is sent for the answer to a request that came in blocks; it goes out in blocks as well."""
        transfer = self._transfer
        if transfer is None:
            return self.reply(b"", answer)
        return transfer.acknowledge() if not answer else self._sent(transfer, answer)

    def reply(self, request: bytes, answer: bytes) -> tuple[bytes, ...]:
        """What is sent for the answer to a request that came whole: as it is, or in blocks where it is too long for that."""
        if self._transfer is not None:
            self.drop("another request came")
        if len(answer) <= self._limit:
            return (answer,) if answer else ()
        return self._sent(self._begin(request), answer)

    def again(self, request: bytes) -> tuple[bytes, ...] | None:
        """What is sent where the request that is being answered comes again; None for another one.

        Before the client has acknowledged anything it may have lost the beginning; later it is a late copy.
        """
        transfer = self._transfer
        if transfer is None or not request or request != self._begun_by:
            return None
        return transfer.repeated(self._clock())

    def _sent(self, transfer: BlockTransfer, answer: bytes) -> tuple[bytes, ...]:
        try:
            return transfer.send(answer)
        except LocalProtocolError:  # too few block numbers for so many octets in such small blocks
            return transfer.send(TOO_LONG)

    def _begin(self, request: bytes) -> BlockTransfer:
        self.drop("another exchange begins")
        self._transfer = transfer = BlockTransfer(self._options, self._before)
        self._begun_by = request
        self._expires = self._clock() + self._limits.message_seconds
        return transfer

    # --- Ends ---

    def drop(self, why: str) -> None:
        """Forget the exchange that is going on, if there is one."""
        if self._transfer is not None:
            if self._transfer.unfinished or self._transfer.aborted:
                self._report(EventCode.TRANSFER_DROPPED, f"general block transfer: {why}")
            if not self._transfer.aborted:  # else the client may begin anew with the same octets
                self._first_blocks.append(self._transfer.first_block)
            self._before, self._transfer = self._transfer, None
        self._begun_by, self._expires = b"", inf

    def expire(self, now: float) -> None:
        """Forget an exchange in which nothing was heard for too long."""
        if now > self._expires:
            self.drop("nothing heard for too long")
