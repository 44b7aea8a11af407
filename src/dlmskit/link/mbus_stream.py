"""Finds M-Bus frames (EN 13757-2) in a stream of octets: E5, ``10 C A CS 16`` and ``68 L L 68 ... CS 16``.

What fails a check is passed over in silence; the search goes on behind its first octet. At most one long frame is held.
"""

from __future__ import annotations

import msgspec

from dlmskit.errors import DecodeError
from dlmskit.link.mbus import START, STOP, MBusFrame, decode_mbus, frame_size

ACKNOWLEDGE = 0xE5
SHORT_START = 0x10
_SHORT_OCTETS = 5

SND_NKE, SND_UD, REQ_UD2, RSP_UD = 0x40, 0x53, 0x5B, 0x08
FCB = 0x20
"""Frame count bit in what the master sends: it alternates, so that a repetition is known as one."""


class ShortFrame(msgspec.Struct, frozen=True, gc=False):
    """A command without data."""

    control: int
    address: int

    def encode(self) -> bytes:
        """The octets of the line."""
        return bytes((SHORT_START, self.control, self.address, (self.control + self.address) & 0xFF, STOP))


class Acknowledge(msgspec.Struct, frozen=True, gc=False):
    """E5: taken, or nothing to say. It tells neither who nor to whom."""

    def encode(self) -> bytes:
        """The octet of the line."""
        return bytes((ACKNOWLEDGE,))


LineFrame = Acknowledge | ShortFrame | MBusFrame


class MBusReceiver:
    """A deframer that is told the time: a frame that is not whole after the pause is given up."""

    def __init__(self, pause_seconds: float) -> None:
        self._seconds = pause_seconds
        self._buffer = bytearray()
        self._last = 0.0

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun."""
        return bool(self._buffer)

    @property
    def due(self) -> float | None:
        """When to call `tick`."""
        return self._last + self._seconds if self._buffer else None

    def feed(self, octets: bytes, now: float) -> list[LineFrame]:
        """The frames that these octets complete."""
        frames = self.tick(now)
        self._last = now
        self._buffer += octets
        return frames + self._cut(expired=False)

    def tick(self, now: float) -> list[LineFrame]:
        """Frames that were hidden behind an unfinished one, once that is given up."""
        due = self.due  # compared as it was told: a difference may round otherwise
        return self._cut(expired=True) if due is not None and now >= due else []

    def _cut(self, *, expired: bool) -> list[LineFrame]:
        frames: list[LineFrame] = []
        buffer, at = bytes(self._buffer), 0
        while at < len(buffer):
            size = _size(buffer, at)
            if size and at + size > len(buffer):
                if not expired:
                    break
                size = 0
            frame = _read(buffer[at : at + size]) if size else None
            if frame is None:
                at += 1
            else:
                frames.append(frame)
                at += size
        del self._buffer[:at]
        return frames


def _size(buffer: bytes, at: int) -> int:
    """Octets of the frame that begins at ``at``, 0 where none does; as many as tell more where too few are there."""
    first = buffer[at]
    if first == ACKNOWLEDGE:
        return 1
    if first == SHORT_START:
        return _SHORT_OCTETS
    if first == START:
        return frame_size(buffer, at) if at + 4 <= len(buffer) else 4
    return 0


def _read(octets: bytes) -> LineFrame | None:
    if octets[0] == ACKNOWLEDGE:
        return Acknowledge()
    if octets[0] == SHORT_START:
        frame = ShortFrame(octets[1], octets[2])
        return frame if frame.encode() == octets else None
    try:
        return decode_mbus(octets)
    except DecodeError:
        return None
