"""The stations of one served line, whatever its link layer: each hears every frame, and is silent about those of the others.

A link layer brings its receiver and its kind of station (`dlmskit.transport.hdlc_port`, `dlmskit.transport.mbus_port`);
`dlmskit.transport.served_line` puts a port on an asyncio transport. Times are seconds of the clock that is passed in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from dlmskit.errors import DlmsError
from dlmskit.transport.base import ConnectionHandler

_LOG = logging.getLogger("dlmskit.transport")

Write = Callable[[bytes], None]
F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)
F_contra = TypeVar("F_contra", contravariant=True)


class FrameReceiver(Protocol[F_co]):
    """Frames out of octets."""

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun."""

    @property
    def due(self) -> float | None:
        """When to call `tick`."""

    def feed(self, octets: bytes, now: float) -> Sequence[F_co]:
        """The frames that these octets complete."""

    def tick(self, now: float) -> Sequence[F_co]:
        """Frames that were hidden behind one that is given up."""


class LineStation(Protocol[F_contra]):
    """A device on the line, with the handlers of its links."""

    @property
    def links(self) -> int:
        """Clients that have a link now."""

    @property
    def associated(self) -> bool:
        """Whether a client has an association."""

    @property
    def due(self) -> float | None:
        """When to call `tick`."""

    def take(self, frame: F_contra, now: float) -> None:
        """Hear a frame of the line, and serve what it asks if it is for this station."""

    def tick(self, now: float) -> None:
        """Notice that time has passed."""

    def lost(self, reason: str) -> None:
        """The line is gone, or its links are to end."""

    def output(self) -> bytes:
        """What the station says."""

    def close_left(self) -> None:
        """Drop links that their handlers have closed while they were served."""


class LinePort(Generic[F]):
    """A receiver and its stations."""

    def __init__(self, receiver: FrameReceiver[F], write: Write) -> None:
        self.peer = "?"
        """How the line is called in logs."""
        self.busy = False
        """A frame is being served: what is to be said waits until all of it is known."""
        self.stations: tuple[LineStation[F], ...] = ()
        self._receiver = receiver
        self._write = write

    @property
    def links(self) -> int:
        """Clients that have a link now."""
        return sum(station.links for station in self.stations)

    @property
    def associated(self) -> bool:
        """Whether a client has an association."""
        return any(station.associated for station in self.stations)

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun."""
        return self._receiver.unfinished

    @property
    def due(self) -> float | None:
        """When to call `tick`."""
        dues: Iterable[float | None] = (self._receiver.due, *(station.due for station in self.stations))
        return min((due for due in dues if due is not None), default=None)

    def feed(self, octets: bytes, now: float) -> int:
        """Take octets of the line; returns how many frames they completed."""
        frames = self._receiver.feed(octets, now)
        self._serve(frames, now)
        return len(frames)

    def tick(self, now: float) -> None:
        """Notice that time has passed."""
        self._serve(self._receiver.tick(now), now)
        for station in self.stations:
            station.tick(now)
        self.flush()

    def lost(self, reason: str) -> None:
        """The line is gone, or its links are to end."""
        for station in self.stations:
            station.lost(reason)

    def flush(self) -> None:
        """Put on the line what the stations say; not while one is being served, which ends with a flush of its own."""
        if not self.busy:
            octets = b"".join(station.output() for station in self.stations)
            if octets:
                self._write(octets)

    def _serve(self, frames: Sequence[F], now: float) -> None:
        for frame in frames:
            self.busy = True
            try:
                for station in self.stations:
                    station.take(frame, now)
            finally:
                self.busy = False
            self.flush()
            for station in self.stations:
                station.close_left()
        self.flush()


def answers_of(handler: ConnectionHandler, peer: str, client: int, server: int, apdu: bytes) -> tuple[Sequence[bytes], str]:
    """What a handler answers, and why its link must end where it failed instead."""
    try:
        return handler.received(client, server, apdu), ""
    except DlmsError as error:
        reason = f"the request could not be served: {error}"
        _LOG.warning("%s dropped: %s", peer, reason)
        return (), reason
