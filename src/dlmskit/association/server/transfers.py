"""Block transfers as a server keeps them: a long answer on its way out, a long request on its way in.

What is held is bounded by `Limits.apdu_octets`, and by time. Which answer an unexpected block gets is the business of the
services (application layer, 5.2 to 5.4).
"""

from __future__ import annotations

from enum import Enum

from dlmskit.apdu import CosemAttributeDescriptorWithSelection, CosemMethodDescriptor, DataBlockSA


class Transfer:
    """What every transfer has."""

    def __init__(self, invoke_id: int, found: int) -> None:
        self.invoke_id = invoke_id & 0x0F
        self.found = found
        """Protection of the request that began it."""
        self.deadline = 0.0
        self.finished = False
        """Complete; kept only to send its last block again."""

    def continued_with(self, found: int) -> bool:
        """Whether a request may go on with this protection: exactly that of the first one.

        With less, the rights that were checked for the first would serve somebody without keys; with more, blocks that
        somebody without keys put in front would be executed under the protection of the last.
        """
        return found == self.found


class Asked(Enum):
    """What a request for the next block is, by its number."""

    NEXT = "the next block"
    REPEAT = "the block before once more"
    BEYOND = "behind the end"
    WRONG = "any other number"


class LongAnswer(Transfer):
    """An answer that goes out in blocks; the last one sent can be sent again."""

    def __init__(self, invoke_id: int, found: int, required: int, raw: bytes, *, action: bool) -> None:
        super().__init__(invoke_id, found)
        self.required = required
        self.action = action
        """Of an ACTION; else of a GET."""
        self.number = 0
        """Of the last block sent."""
        self._raw = raw
        self._begin = self._end = 0

    def asks(self, number: int) -> Asked:
        """What the acknowledgement of block ``number`` asks for."""
        if number == self.number:
            return Asked.BEYOND if self.finished else Asked.NEXT
        return Asked.REPEAT if number == self.number - 1 and number > 0 else Asked.WRONG

    def next_block(self, room: int) -> tuple[bool, int, bytes]:
        """(last, number, raw data) of the next block, of at most ``room`` octets."""
        self._begin, self._end = self._end, min(self._end + room, len(self._raw))
        self.number += 1
        return self.block()

    def block(self) -> tuple[bool, int, bytes]:
        """(last, number, raw data) of the block that was sent last."""
        self.finished = self._end == len(self._raw)
        return self.finished, self.number, self._raw[self._begin : self._end]


class Taken(Enum):
    """What became of a block that came in."""

    MORE = "taken, others follow"
    WHOLE = "taken, it was the last one"
    WRONG_NUMBER = "not the number that follows"
    TOO_LARGE = "more than is held"


class LongRequest(Transfer):
    """A value or parameters that come in in blocks. Nothing of it is executed before the last one is there."""

    def __init__(self, invoke_id: int, found: int, *, listed: bool) -> None:
        super().__init__(invoke_id, found)
        self.listed = listed
        """Of a request with list."""
        self.number = 0
        """Of the last block received."""
        self._raw = bytearray()

    def take(self, block: DataBlockSA, most: int) -> Taken:
        """Add a block, if it is the one that follows and ``most`` octets are not exceeded."""
        if block.block_number != self.number + 1:
            return Taken.WRONG_NUMBER
        if len(self._raw) + len(block.raw_data) > most:
            return Taken.TOO_LARGE
        self.number = block.block_number
        self._raw += block.raw_data
        self.finished = bool(block.last_block)
        return Taken.WHOLE if self.finished else Taken.MORE

    @property
    def raw(self) -> bytes:
        """What came in so far."""
        return bytes(self._raw)


class LongRead(LongRequest):
    """A READ request with short names on its way in."""


class LongWrite(LongRequest):
    """A WRITE request with short names on its way in."""


class LongSet(LongRequest):
    """Values on their way in."""

    def __init__(
        self, invoke_id: int, found: int, targets: tuple[CosemAttributeDescriptorWithSelection, ...], *, listed: bool
    ) -> None:
        super().__init__(invoke_id, found, listed=listed)
        self.targets = targets


class LongAction(LongRequest):
    """Parameters of methods on their way in."""

    def __init__(self, invoke_id: int, found: int, targets: tuple[CosemMethodDescriptor, ...], *, listed: bool) -> None:
        super().__init__(invoke_id, found, listed=listed)
        self.targets = targets
