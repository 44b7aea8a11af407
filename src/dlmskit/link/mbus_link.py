"""DLMS over wired M-Bus (EN 13757-2, -3): the link and transport layer of both ends as machines without input and output.

The client is the master. It resets a meter with SND_NKE, sends an APDU in segments by SND_UD, each acknowledged with E5, and
fetches the answer in segments by REQ_UD2, until E5 says that there is none. A repetition is known by its frame count bit, one
for all commands to a station (IEC 60870-5-2): it is answered again and not executed again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from dlmskit.errors import DecodeError, LocalProtocolError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.events import LinkDown, LinkUp, Received
from dlmskit.link.mbus import (
    BROADCAST,
    SEGMENT_OCTETS,
    DlmsPart,
    MBusFrame,
    MBusReassembler,
    decode_mbus,
    dlms_part,
    encode_segments,
)
from dlmskit.link.mbus_stream import (
    FCB,
    REQ_UD2,
    RSP_UD,
    SND_NKE,
    SND_UD,
    Acknowledge,
    LineFrame,
    MBusReceiver,
    ShortFrame,
)

TEST_ADDRESS = 0xFE
"""To whoever is there; with one meter on the line it answers."""


@dataclass(frozen=True, slots=True)
class MBusTimes:
    """Times in seconds, counts in repetitions."""

    response: float = 0.5
    """Of a slave; the standard has 330 bit times and 50 ms, 0.19 s at 2400 baud, behind the last octet."""
    repetitions: int = 2
    poll: float = 0.2
    """Pause between two questions for an answer that is not there yet."""
    pause: float = 0.2
    """Longest pause inside a frame."""
    octet: float = 0.0
    """What one octet takes on the line."""
    inactivity: float = 120.0
    """A slave forgets a master after so much silence; 0: never."""


DEFAULT_TIMES = MBusTimes()


class MBusClient:
    """The master, for one meter at a time. All times are seconds of one clock that the caller passes in."""

    def __init__(
        self, address: int, client: int, server: int, times: MBusTimes = DEFAULT_TIMES, limits: Limits = DEFAULT
    ) -> None:
        self.ignored = 0
        """Frames that were not for us."""
        self._address, self._client, self._server = address, client, server
        self._times = times
        self._receiver = MBusReceiver(times.pause)
        self._reassembler = MBusReassembler(limits)
        self._out = bytearray()
        self._events: list[LinkUp | LinkDown | Received] = []
        self._up = False
        self._count = FCB
        self._asked: ShortFrame | MBusFrame | None = None
        """What waits for its answer."""
        self._due: float | None = None
        self._attempts = 0
        self._queue: deque[MBusFrame] = deque()
        self._expecting = False
        self._closing = False

    @property
    def sending(self) -> bool:
        """Whether segments wait that have not been acknowledged."""
        return self._up and bool(self._queue)

    @property
    def receiving(self) -> bool:
        """Whether an APDU has begun to arrive."""
        return bool(self._reassembler.pending) or self._receiver.unfinished

    @property
    def due(self) -> float | None:
        """When to call `tick`."""
        return min((due for due in (self._due, self._receiver.due) if due is not None), default=None)

    def connect(self, now: float) -> None:
        """Reset the meter's end of the link. Raises LocalProtocolError when that was done."""
        if self._up or self._asked is not None:
            raise LocalProtocolError("the M-Bus link is up already")
        self._attempts, self._count, self._closing = 0, FCB, False
        self._ask(ShortFrame(SND_NKE, self._address), now)

    def disconnect(self, now: float) -> None:
        """Reset the meter's end of the link, and forget ours."""
        if not self._up:
            raise LocalProtocolError("there is no M-Bus link")
        self._up, self._closing, self._attempts = False, True, self._times.repetitions
        self._queue.clear()
        self._ask(ShortFrame(SND_NKE, self._address), now)

    def send(self, apdu: bytes, now: float) -> None:
        """Queue an APDU. Raises LocalProtocolError without a link, EncodeError for an empty one."""
        if not self._up:
            raise LocalProtocolError("there is no M-Bus link")
        for octets in encode_segments(apdu, self._client, self._server, address=self._address):
            self._queue.append(decode_mbus(octets))
        self._go_on(now)

    def expect(self, now: float, *, wanted: bool = True) -> None:
        """Say whether an APDU is waited for: only then is the meter asked."""
        self._expecting = wanted
        if not wanted and self._asked is None:
            self._due = None
        elif self._due is None:
            self._go_on(now)

    def feed(self, octets: bytes, now: float) -> None:
        """Take octets of the line."""
        for frame in self._receiver.feed(octets, now):
            self._receive(frame, now)
        if self._asked is not None and self._due is not None and self._receiver.unfinished:
            self._due = max(self._due, now + self._times.response)

    def tick(self, now: float) -> None:
        """Notice that time has passed."""
        for frame in self._receiver.tick(now):
            self._receive(frame, now)
        if self._due is None or now < self._due:
            return
        self._due = None
        if self._asked is None:
            self._go_on(now)
            return
        self._attempts += 1
        if self._attempts > self._times.repetitions:
            self._asked = None
            self._end("disconnected" if self._closing else "no answer from the meter, however often it was asked")
        else:
            self._say(self._asked, now)

    def lost(self, reason: str) -> None:
        """The line is gone."""
        if self._up or self._asked is not None:
            self._asked = self._due = None
            self._events.append(LinkDown(self._client, self._server, reason))
        self._up = False

    def output(self) -> bytes:
        """What must be put on the line now."""
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def take_events(self) -> list[LinkUp | LinkDown | Received]:
        """What has happened."""
        events, self._events = self._events, []
        return events

    def _receive(self, frame: LineFrame, now: float) -> None:
        if isinstance(frame, Acknowledge):
            self._acknowledged(now)
        elif isinstance(frame, MBusFrame) and frame.control & ~0x30 == RSP_UD and self._is_request():
            if self._address in {frame.address, TEST_ADDRESS}:
                self._attempts, self._asked, self._due = 0, None, None
                self._count ^= FCB
                self._take(frame)
                self._go_on(now)
        elif isinstance(frame, MBusFrame) and frame.control & ~FCB == SND_UD and frame.address in {BROADCAST, 0}:
            self._take(frame)  # a meter that pushes on its own
        else:
            self.ignored += 1

    def _is_request(self) -> bool:
        return isinstance(self._asked, ShortFrame) and self._asked.control & ~FCB == REQ_UD2

    def _acknowledged(self, now: float) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            self.ignored += 1
            return
        self._attempts, self._due = 0, None
        if asked.control == SND_NKE:
            if self._closing:
                self._end("the link was taken down")
            else:
                self._up = True
                self._events.append(LinkUp(self._client, self._server))
                self._go_on(now)
            return
        self._count ^= FCB
        if isinstance(asked, MBusFrame):
            self._queue.popleft()
        if isinstance(asked, MBusFrame) or self._queue:
            self._go_on(now)
        elif self._expecting:
            self._due = now + self._times.poll

    def _take(self, frame: MBusFrame) -> None:
        part = _part(frame)
        if part is None or (part.source, part.destination) != (self._server, self._client):
            self.ignored += 1
            return
        whole = self._reassembler.add(part).octets
        if whole:
            self._expecting = False
            self._events.append(Received(self._client, self._server, whole))

    def _go_on(self, now: float) -> None:
        if not self._up or self._asked is not None:
            return
        if self._queue:
            waiting = self._queue[0]
            self._ask(MBusFrame(SND_UD | self._count, waiting.address, waiting.ci, waiting.data), now)
        elif self._expecting or self._reassembler.pending:
            self._ask(ShortFrame(REQ_UD2 | self._count, self._address), now)

    def _ask(self, frame: ShortFrame | MBusFrame, now: float) -> None:
        self._asked = frame
        self._say(frame, now)

    def _say(self, frame: ShortFrame | MBusFrame, now: float) -> None:
        octets = frame.encode()
        self._out += octets
        self._due = now + len(octets) * self._times.octet + self._times.response

    def _end(self, reason: str) -> None:
        self._up, self._due = False, None
        self._queue.clear()
        self._events.append(LinkDown(self._client, self._server, reason, silent=not self._closing))


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
        part = _part(frame)
        whole = None if part is None else self._reassembler.add(part).octets
        if part is not None and whole:
            self._events.append(Received(part.source, part.destination, whole))
        return Acknowledge().encode()

    def _next(self) -> bytes:
        return self._queue.popleft().encode() if self._queue else Acknowledge().encode()


def _part(frame: MBusFrame) -> DlmsPart | None:
    try:
        return dlms_part(frame)
    except DecodeError:
        return None
