"""Information transfer of one end of a link (IEC 62056-46, 6.4.4.4): numbers, windows, segments, what must be sent again.

V(S), V(R) and V(A) of the standard: the next number to send, the next one expected, the oldest one not acknowledged. Both roles
use the same; who may speak when, and time, are the business of the machines.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from dlmskit.link.hdlc.parameters import HdlcParameters


class Order(Enum):
    """How the number of an I frame stands to the expected one."""

    NEXT = auto()
    GAP = auto()
    """Frames before it are missing; it comes again behind them."""
    OLD = auto()
    """Had before: the peer, or the line, repeats it."""


class Acknowledgement(Enum):
    """How an N(R) stands to what was sent."""

    VALID = auto()
    STALE = auto()
    """It was right some frames ago: the frame was doubled or delayed on its way."""
    INVALID = auto()
    """It acknowledges what was never sent."""


Segment = tuple[bytes, bool]
"""Information field and S bit."""


class Transfer:
    """The variables of one link. ``parameters`` are as agreed, seen from this end."""

    __slots__ = (
        "_joined",
        "_most_octets",
        "_queue",
        "_queued_octets",
        "_taken",
        "_unacknowledged",
        "acknowledged",
        "expected",
        "parameters",
        "peer_busy",
    )

    def __init__(self, parameters: HdlcParameters, most_octets: int) -> None:
        self.parameters = parameters
        self.acknowledged = 0
        """V(A)."""
        self.expected = 0
        """V(R)."""
        self.peer_busy = False
        """It said RNR: no I frame may go."""
        self._queue: deque[Segment] = deque()
        self._unacknowledged: deque[Segment] = deque()
        self._joined: bytearray | None = None
        self._taken = 0
        """I frames taken since the last N(R) went out: the peer may send no more of them than its window."""
        self._queued_octets = 0
        self._most_octets = most_octets

    @property
    def next_number(self) -> int:
        """V(S)."""
        return (self.acknowledged + len(self._unacknowledged)) & 7

    @property
    def to_send(self) -> bool:
        """Whether anything waits to be sent, or to be acknowledged."""
        return bool(self._queue or self._unacknowledged)

    @property
    def in_flight(self) -> int:
        """Frames sent and not acknowledged."""
        return len(self._unacknowledged)

    @property
    def queued(self) -> bool:
        """Whether anything waits to be sent for the first time."""
        return bool(self._queue)

    @property
    def joining(self) -> bool:
        """Whether further segments must come."""
        return self._joined is not None

    @property
    def full(self) -> bool:
        """Whether the peer has left so much uncollected that nothing more is taken from it."""
        return self._queued_octets > self._most_octets

    def queue(self, lsdu: bytes) -> None:
        """Cut into segments and put behind what waits already."""
        size = self.parameters.transmit_information
        for at in range(0, len(lsdu), size):
            self._queue.append((lsdu[at : at + size], at + size < len(lsdu)))
        self._queued_octets += len(lsdu)

    def burst(self) -> list[tuple[int, Segment]]:
        """What may go now, with N(S): first everything not acknowledged, once more, then new segments up to the window."""
        if self.peer_busy:
            return []
        unacknowledged = self._unacknowledged
        while self._queue and len(unacknowledged) < self.parameters.transmit_window:
            unacknowledged.append(self._queue.popleft())
        return [((self.acknowledged + index) & 7, segment) for index, segment in enumerate(unacknowledged)]

    def acknowledge(self, receive_number: int) -> Acknowledgement:
        """Drop what an N(R) acknowledges."""
        count = (receive_number - self.acknowledged) & 7
        if count > len(self._unacknowledged):
            behind = (self.acknowledged - receive_number) & 7
            return Acknowledgement.STALE if behind <= self.parameters.transmit_window else Acknowledgement.INVALID
        for _ in range(count):
            self._queued_octets -= len(self._unacknowledged.popleft()[0])
        self.acknowledged = receive_number
        return Acknowledgement.VALID

    def order(self, send_number: int) -> Order:
        """Where an N(S) stands."""
        ahead = (send_number - self.expected) & 7
        window = self.parameters.receive_window
        if ahead:
            return Order.GAP if ahead < window else Order.OLD
        # A frame beyond the window comes from a peer that does not wait: it has to come again.
        return Order.NEXT if self._taken < window and not self.full else Order.GAP

    def take(self, information: bytes, *, segmented: bool) -> bytes | None:
        """Take the next information field; returns the whole when it is the last segment. Raises OverflowError for too much."""
        self.expected = (self.expected + 1) & 7
        self._taken += 1
        joined = self._joined
        if joined is None:
            if not segmented:
                return information
            joined = self._joined = bytearray()
        if len(joined) + len(information) > self._most_octets:
            self._joined = None
            raise OverflowError(f"the segments hold more than {self._most_octets} octets")
        joined += information
        if segmented:
            return None
        self._joined = None
        return bytes(joined)

    def told(self) -> int:
        """V(R) for a frame that goes out now: what was taken is acknowledged by it."""
        self._taken = 0
        return self.expected
