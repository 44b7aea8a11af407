"""Finds frames in a stream of octets, whatever the pieces in which it arrives (IEC 62056-46, 6.4.1).

The length field finds the end of a frame, so flags inside its content do no harm. What fails any check is passed over in silence:
the search goes on at the next flag behind the rejected opening one. One flag may close a frame and open the next.
"""

from __future__ import annotations

from dlmskit.errors import DecodeError
from dlmskit.link.hdlc.frame import FLAG, MAX_LENGTH, MIN_LENGTH, HdlcFrame, decode_body

_FLAG = bytes([FLAG])


class HdlcDeframer:
    """Holds at most one unfinished frame: 2049 octets."""

    __slots__ = ("_buffer", "_needed", "check_errors", "passed_over")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._needed = 1
        self.check_errors = 0
        """Frames with the right shape and a wrong check sequence or address."""
        self.passed_over = 0
        """Octets that belong to no good frame, idle flags not counted."""

    @property
    def pending(self) -> int:
        """Octets held of what may become a frame."""
        return len(self._buffer)

    def feed(self, octets: bytes) -> list[HdlcFrame]:
        """The frames that these octets complete, in order."""
        if len(self._buffer) <= 1 and octets[:1] == octets[-1:] == _FLAG:  # most often: one frame, the whole of it
            try:
                frame = decode_body(octets[1:-1])
            except DecodeError:
                pass
            else:
                self._buffer[:] = _FLAG
                self._needed = 2
                return [frame]
        self._buffer += octets
        if len(self._buffer) < self._needed:
            return []
        return self._cut(expired=False)

    def expire(self) -> list[HdlcFrame]:
        """The line fell silent (inter-octet time-out): give up the unfinished frame; returns frames hidden behind its start."""
        return self._cut(expired=True)

    def _cut(self, *, expired: bool) -> list[HdlcFrame]:
        buffer = self._buffer
        frames: list[HdlcFrame] = []
        at, self._needed = 0, 1
        while True:
            flag = buffer.find(FLAG, at)
            if flag < 0:
                self.passed_over += len(buffer) - at
                at = len(buffer)
                break
            self.passed_over += flag - at
            at = flag
            end = _end_of_frame(buffer, flag)
            if end > len(buffer) and not expired:
                self._needed = end - flag
                break
            frame = self._read(buffer, flag, end) if 0 < end <= len(buffer) else None
            if frame is not None:
                frames.append(frame)
                at = end - 1
            else:
                self.passed_over += flag + 1 < len(buffer) and buffer[flag + 1] != FLAG
                at = flag + 1
        del buffer[:at]
        return frames

    def _read(self, buffer: bytearray, flag: int, end: int) -> HdlcFrame | None:
        if buffer[end - 1] != FLAG:
            return None
        try:
            return decode_body(bytes(buffer[flag + 1 : end - 1]))
        except DecodeError:
            self.check_errors += 1
            return None


def _end_of_frame(buffer: bytearray, flag: int) -> int:
    """Where a frame that opens at ``flag`` would end, its closing flag included; 0 when none opens there.

    A number beyond the buffer means that this many octets are needed to say more.
    """
    if flag + 1 >= len(buffer):
        return flag + 2
    if buffer[flag + 1] & 0xF0 != 0xA0:
        return 0
    if flag + 2 >= len(buffer):
        return flag + 3
    length = (buffer[flag + 1] << 8 | buffer[flag + 2]) & MAX_LENGTH
    return flag + length + 2 if length >= MIN_LENGTH else 0
