"""The send queue of general block transfer: what is not acknowledged yet, cut into blocks as late as possible (6.3)."""

from __future__ import annotations

from collections import deque

import msgspec

from dlmskit.association.sizes import NO_LIMIT, content_room
from dlmskit.errors import LocalProtocolError

LARGEST_NUMBER = 0xFFFF
"""Block numbers never wrap."""
_HEAD_OCTETS = 6
"""Tag, block control, block number and block number acknowledged."""


def block_octets(limit: int) -> int:
    """How many octets of data a block holds whose APDU is no longer than ``limit``; 0 where none fit."""
    return content_room(min(limit, NO_LIMIT) - _HEAD_OCTETS)


class OutBlock(msgspec.Struct, gc=False):
    """A block that is not acknowledged."""

    number: int
    data: bytes
    last: bool = False
    """It ends the APDU."""
    acknowledgement: bool = False
    """It is empty and only acknowledges. Its last-block bit depends on what is behind it when it is sent."""


class SendQueue:
    """Blocks of one direction, numbered from 1. What is acknowledged is forgotten."""

    def __init__(self, octets_of_block: int) -> None:
        self._size = octets_of_block
        self._rest = b""
        self._at = 0
        self._more = False
        """The caller has announced further parts."""
        self._ended = True
        """The block that ends the APDU is cut, or no APDU was begun."""
        self._queue: deque[OutBlock] = deque()
        self._next = 1
        self.highest = 0
        """Number of the highest block ever sent."""
        self.acknowledged = 0
        """Highest number that the peer has acknowledged."""

    def load(self, octets: bytes, *, last: bool) -> None:
        """Add octets of the APDU. Raises LocalProtocolError where the block numbers do not reach for it."""
        rest = self._rest[self._at :] + octets if self._at < len(self._rest) else octets
        if self._next + -(-len(rest) // self._size) > LARGEST_NUMBER:
            raise LocalProtocolError(f"{len(rest)} octets in blocks of {self._size}: there are not enough block numbers")
        self._rest, self._at = rest, 0
        self._more = not last
        self._ended = False

    @property
    def pending(self) -> bool:
        """Whether anything that carries the APDU is not acknowledged or not even sent."""
        return self._unsent or any(not block.acknowledgement for block in self._queue)

    @property
    def _unsent(self) -> bool:
        remaining = len(self._rest) - self._at
        return remaining >= self._size or (not self._more and not self._ended)

    def acknowledge(self, number: int) -> None:
        """The peer has everything up to this number."""
        self.acknowledged = number
        while self._queue and self._queue[0].number <= number:
            self._queue.popleft()

    def stream(self, window: int) -> list[OutBlock]:
        """The blocks to send now: the first ones that are not acknowledged, or one empty block where there are none."""
        while len(self._queue) < window and self._unsent:
            self._cut()
        if not self._queue:
            self._queue.append(OutBlock(self._number(), b"", acknowledgement=True))
        blocks = [self._queue[index] for index in range(min(window, len(self._queue)))]
        self.highest = max(self.highest, blocks[-1].number)
        return blocks

    def ends_with(self, block: OutBlock) -> bool:
        """The last-block bit of a block as it is sent now.

        An acknowledgement has it where nothing of ours follows at once; while an APDU has only begun it would end that.
        """
        if not block.acknowledgement:
            return block.last
        return self._ended and not self._more and self._queue[-1] is block

    def restart(self) -> None:
        """Forget the numbers: the peer counts anew, and so does this party."""
        self._queue.clear()
        self._next = 1
        self.highest = self.acknowledged = 0

    def _cut(self) -> None:
        data = bytes(self._rest[self._at : self._at + self._size])
        self._at += len(data)
        last = not self._more and self._at >= len(self._rest)
        self._queue.append(OutBlock(self._number(), data, last))
        if last:
            self._ended, self._rest, self._at = True, b"", 0

    def _number(self) -> int:
        if self._next > LARGEST_NUMBER:
            raise LocalProtocolError("the block numbers are used up")
        self._next += 1
        return self._next - 1
