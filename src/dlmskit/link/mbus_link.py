"""DLMS over wired M-Bus (EN 13757-2, -3): the master, as a machine without input and output; the meter is `mbus_slave`.

The client is the master. It resets a meter with SND_NKE, sends an APDU in segments by SND_UD, each acknowledged with E5, and
fetches the answer in segments by REQ_UD2, until E5 says that there is none. A repetition is known by its frame count bit, one
for all commands to a station (IEC 60870-5-2): it is answered again and not executed again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from dlmskit.errors import DecodeError, LocalProtocolError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.events import LinkDown, LinkUp, Received
from dlmskit.link.mbus import (
    BROADCAST,
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
        part = sound_part(frame)
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


def sound_part(frame: MBusFrame) -> DlmsPart | None:
    """What a frame carries of an APDU; None for another one."""
    try:
        return dlms_part(frame)
    except DecodeError:
        return None
