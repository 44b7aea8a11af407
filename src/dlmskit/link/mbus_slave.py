"""The meter's end of DLMS over wired M-Bus (EN 13757-2, -3), as a machine without input and output: the slave.

It speaks when it is asked, and answers a repeated command with what it said before (see `dlmskit.link.mbus_link`, the master).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.events import LinkDown, LinkUp, Received
from dlmskit.link.mbus import SEGMENT_OCTETS, MBusFrame, MBusReassembler, decode_mbus, encode_segments
from dlmskit.link.mbus_link import DEFAULT_TIMES, TEST_ADDRESS, MBusTimes, sound_part
from dlmskit.link.mbus_stream import FCB, REQ_UD2, RSP_UD, SND_NKE, SND_UD, Acknowledge, LineFrame, ShortFrame


class MBusServer:
    """The slave: one meter with its primary address. ``take_events`` tells what came; ``send`` queues what is fetched."""

    def __init__(self, address: int, times: MBusTimes = DEFAULT_TIMES, limits: Limits = DEFAULT) -> None:
        self._address = address
        self._times = times
        self._limit = limits.frame_octets
        self._reassembler = MBusReassembler(limits)
        self._queue: deque[MBusFrame] = deque()
        self._last: int | None = None
        """Frame count bit of the last command; None after a reset."""
        self._last_answer: bytes = b""
        self._heard: float | None = None
        """When the master was last heard; None: it has reset the link at most, as one does that leaves."""
        self._ready = False
        """The master has reset the link since the meter dropped it."""
        self._out = bytearray()
        self._events: list[LinkUp | LinkDown | Received] = []

    @property
    def due(self) -> float | None:
        """When to call `tick`."""
        seconds = self._times.inactivity
        return self._heard + seconds if self._heard is not None and seconds else None

    @property
    def linked(self) -> bool:
        """Whether a master uses the link."""
        return self._heard is not None

    def receive(self, frame: LineFrame, now: float) -> None:
        """Take a frame of the line, whoever it is for."""
        if isinstance(frame, Acknowledge) or frame.address not in {self._address, TEST_ADDRESS}:
            return
        if frame.control == SND_NKE:
            self.reset("the master resets the link")
            self._ready = True
            self._out += Acknowledge().encode()
            return
        if not self._ready:
            return
        if self._heard is None:
            self._events.append(LinkUp(0, 0))
            self._heard = now
        if isinstance(frame, MBusFrame) and frame.control & ~FCB == SND_UD:
            answer = self._answer(frame, lambda: self._take(frame))
        elif isinstance(frame, ShortFrame) and frame.control & ~FCB == REQ_UD2:
            answer = self._answer(frame, self._next)
        else:
            return
        self._heard = now
        self._out += answer

    def send(self, client: int, server: int, apdu: bytes) -> bool:
        """Queue an APDU from server to client SAP. False when too much waits already."""
        if sum(len(frame.data) for frame in self._queue) > self._limit:
            return False
        for octets in encode_segments(apdu, server, client, control=RSP_UD, address=self._address, size=SEGMENT_OCTETS):
            self._queue.append(decode_mbus(octets))
        return True

    def reset(self, reason: str) -> None:
        """Drop the link, and what waits on it; nothing is answered before the next SND_NKE."""
        if self._heard is not None:
            self._events.append(LinkDown(0, 0, reason))
        self._heard, self._last, self._last_answer, self._ready = None, None, b"", False
        self._queue.clear()
        self._reassembler.drop()

    def tick(self, now: float) -> None:
        """Forget a master that has been silent for too long."""
        if self.due is not None and now >= self.due:
            self.reset(f"nothing heard for {self._times.inactivity:g} s")

    def output(self) -> bytes:
        """What must be put on the line now."""
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def take_events(self) -> list[LinkUp | LinkDown | Received]:
        """What has happened."""
        events, self._events = self._events, []
        return events

    def _answer(self, frame: ShortFrame | MBusFrame, make: Callable[[], bytes]) -> bytes:
        """What a command is answered with; a repeated one with the same as before."""
        count = frame.control & FCB
        if count != self._last:
            self._last, self._last_answer = count, make()
        return self._last_answer

    def _take(self, frame: MBusFrame) -> bytes:
        part = sound_part(frame)
        whole = None if part is None else self._reassembler.add(part).octets
        if part is not None and whole:
            self._events.append(Received(part.source, part.destination, whole))
        return Acknowledge().encode()

    def _next(self) -> bytes:
        return self._queue.popleft().encode() if self._queue else Acknowledge().encode()
