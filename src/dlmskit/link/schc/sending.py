"""The sender of SCHC fragments: No-ACK, and ACK-on-Error (RFC 8724, 8.4.1 and 8.4.3)."""

from __future__ import annotations

from collections.abc import Iterator

from dlmskit.errors import EncodeError
from dlmskit.link.schc.fragments import Ack, Fragment, FragmentationRule, check_of


class FragmentSender:
    """Sends one packet. Frames come from `start`, `acknowledged` and `expired`; ``done`` and ``failure`` tell the end."""

    def __init__(self, packet: bytes, rule: FragmentationRule, frame_octets: int) -> None:
        """Raises EncodeError for a packet that the windows cannot number, or frames without room for a tile."""
        self.rule = rule
        self.done = False
        self.failure = ""
        self._check = check_of(packet)
        if len(packet) > rule.most_octets:
            raise EncodeError(f"SCHC rule {rule.rule_id} carries {rule.most_octets} octets, not {len(packet)}")
        size = rule.tile_octets
        self._tiles = [packet[at : at + size] for at in range(0, len(packet), size)]
        self._per_frame = (frame_octets - rule.header_octets) // size
        if self._per_frame < 1 or frame_octets < rule.header_octets + 4 + size:
            raise EncodeError(f"a frame of {frame_octets} octets has no room for tiles of {size}")
        self._attempts = 0

    def start(self) -> list[bytes]:
        """Everything, once; the last tile goes with the check."""
        return [*self._encoded(range(len(self._tiles) - 1)), self._last()]

    def acknowledged(self, ack: Ack) -> list[bytes]:
        """What the receiver misses, and the question whether it is complete now."""
        if self.done or self.failure:
            return []
        last_window = (len(self._tiles) - 1) // self.rule.window_tiles
        if ack.complete:
            self.done = ack.window == last_window
            return []
        if ack.window > last_window:
            return []
        if not self._again():
            return [self._abort()]
        first = ack.window * self.rule.window_tiles
        regular = len(self._tiles) - 1
        missing = [first + place for place, there in enumerate(ack.received) if not there and first + place < regular]
        return [*self._encoded(missing), self._last()]

    def expired(self) -> list[bytes]:
        """Nothing was heard: ask again."""
        if self.done or self.failure:
            return []
        return [self._last()] if self._again() else [self._abort()]

    def aborted(self) -> None:
        """The receiver gave up."""
        self.failure = self.failure or "the receiver gave up"

    def _again(self) -> bool:
        self._attempts += 1
        return self._attempts <= self.rule.attempts

    def _abort(self) -> bytes:
        self.failure = f"not acknowledged after {self.rule.attempts} attempts"
        return Fragment((1 << self.rule.window_bits) - 1, self.rule.all_1).encode(self.rule)

    def _last(self) -> bytes:
        window = (len(self._tiles) - 1) // self.rule.window_tiles if self.rule.acknowledged else 0
        if not self.rule.acknowledged:
            self.done = True
        return Fragment(window, self.rule.all_1, self._tiles[-1], self._check).encode(self.rule)

    def _encoded(self, numbers: range | list[int]) -> Iterator[bytes]:
        """Tiles that follow one another in one window share a frame."""
        at = 0
        while at < len(numbers):
            first, count = numbers[at], 1
            window, place = divmod(first, self.rule.window_tiles)
            while (
                count < self._per_frame
                and at + count < len(numbers)
                and numbers[at + count] == first + count
                and place + count < self.rule.window_tiles
            ):
                count += 1
            tiles = b"".join(self._tiles[first : first + count])
            fcn = self.rule.window_tiles - 1 - place if self.rule.acknowledged else 0
            yield Fragment(window if self.rule.acknowledged else 0, fcn, tiles).encode(self.rule)
            at += count
