"""Frames out of the octets of a line as they come, with the inter-octet time-out (IEC 62056-46, 6.4.4.3.3)."""

from __future__ import annotations

from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.hdlc.frame import HdlcFrame


class HdlcReceiver:
    """A deframer that is told the time: an octet that is missing for too long gives the unfinished frame up."""

    __slots__ = ("_deframer", "_last", "_seconds")

    def __init__(self, inter_octet_seconds: float) -> None:
        self._deframer = HdlcDeframer()
        self._seconds = inter_octet_seconds
        self._last = 0.0

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun; a flag alone is none."""
        return self._deframer.pending > 1

    @property
    def passed_over(self) -> int:
        """Octets that belonged to no good frame."""
        return self._deframer.passed_over

    @property
    def due(self) -> float | None:
        """When to call `tick`; None: nothing is waited for."""
        return self._last + self._seconds if self.unfinished else None

    def feed(self, octets: bytes, now: float) -> list[HdlcFrame]:
        """The frames that these octets complete, after those that a pause before them brought to light."""
        frames = self.tick(now)
        self._last = now
        return frames + self._deframer.feed(octets)

    def tick(self, now: float) -> list[HdlcFrame]:
        """Frames that were hidden behind an unfinished one, once that is given up."""
        due = self.due  # compared as it was told: the same sum, not a difference that rounds otherwise
        return self._deframer.expire() if due is not None and now >= due else []
