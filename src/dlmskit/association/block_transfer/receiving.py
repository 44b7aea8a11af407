"""The receive queue of general block transfer: what arrived, in order, with gaps for what did not; bounded (6.4)."""

from __future__ import annotations

from enum import Enum


class Taken(Enum):
    """What became of a block."""

    NEW = "taken"
    DOUBLE = "was there already"
    BEYOND = "outside of the window"
    TOO_MUCH = "more than is held, or the block numbers are used up"
    BEHIND_END = "data behind the last block"


class ReceiveQueue:
    """Blocks of one direction. At most a window of them is held behind a gap, and ``most`` octets in all."""

    def __init__(self, window: int, most: int, last_number: int) -> None:
        self.window = window
        self.contiguous = 0
        """Highest number received without gap; 0 for none."""
        self.ended = False
        """The block that ends the APDU is there, and everything before it."""
        self._most = most
        self._last_number = last_number
        self._octets = bytearray()
        self._begun = False
        self._ahead: dict[int, tuple[bool, bytes]] = {}
        self._held = 0

    @property
    def begun(self) -> bool:
        """Whether any block with data is there."""
        return self._begun or self._held > 0

    @property
    def gap(self) -> int:
        """How many blocks are missing in the first gap."""
        return min(self._ahead) - self.contiguous - 1 if self._ahead else 0

    def take(self, number: int, data: bytes, *, last: bool) -> Taken:
        """Keep a block."""
        if number <= self.contiguous or number in self._ahead:
            return Taken.DOUBLE
        if number > self.contiguous + self.window:
            return Taken.BEYOND
        if self.ended and data:
            return Taken.BEHIND_END
        if number >= self._last_number or len(self._octets) + self._held + len(data) > self._most:
            return Taken.TOO_MUCH
        self._ahead[number] = last, data
        self._held += len(data)
        while (found := self._ahead.pop(self.contiguous + 1, None)) is not None:
            self.contiguous += 1
            self._append(*found)
        return Taken.NEW

    def whole(self) -> bytes:
        """The assembled APDU; it is given away."""
        octets, self._octets = bytes(self._octets), bytearray()
        return octets

    def _append(self, last: bool, data: bytes) -> None:
        """An empty block ends an APDU that has begun, and means nothing in front of one."""
        self._held -= len(data)
        if self.ended:
            return
        self._octets += data
        self._begun = self._begun or bool(data)
        self.ended = last and self._begun
