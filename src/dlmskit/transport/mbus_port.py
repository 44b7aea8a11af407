"""Server side of DLMS over wired M-Bus on one line: the meters there, and the handler of each one's link."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlmskit.errors import DlmsError
from dlmskit.limits import Limits
from dlmskit.link.events import LinkDown, LinkUp
from dlmskit.link.mbus_link import MBusServer, MBusTimes
from dlmskit.link.mbus_stream import LineFrame, MBusReceiver
from dlmskit.transport.base import ConnectionHandler, HandlerFactory
from dlmskit.transport.served_line import Write

_LOG = logging.getLogger("dlmskit.transport")


@dataclass(frozen=True, slots=True)
class MBusStation:
    """A meter on a line."""

    handler_factory: HandlerFactory
    """Called once for each time that a master sets the link up."""
    address: int = 1
    """Its primary address, 1..250."""


class MBusPort:
    """The meters of one line (see `dlmskit.transport.served_line.Port`)."""

    def __init__(self, stations: Iterable[MBusStation], times: MBusTimes, limits: Limits, write: Write) -> None:
        self.peer = "?"
        self._write = write
        self._receiver = MBusReceiver(times.pause)
        self._stations = [_Station(self, station, times, limits) for station in stations]

    @property
    def links(self) -> int:
        """Meters whose link is up."""
        return sum(station.machine.linked for station in self._stations)

    @property
    def associated(self) -> bool:
        """Whether a client has an association."""
        return any(station.handler is not None and station.handler.associated for station in self._stations)

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun."""
        return self._receiver.unfinished

    @property
    def due(self) -> float | None:
        """When to call `tick`."""
        dues = [self._receiver.due, *(station.machine.due for station in self._stations)]
        return min((due for due in dues if due is not None), default=None)

    def feed(self, octets: bytes, now: float) -> int:
        """Take octets of the line; returns how many frames they completed."""
        frames = self._receiver.feed(octets, now)
        self._serve(frames, now)
        return len(frames)

    def tick(self, now: float) -> None:
        """Notice that time has passed."""
        self._serve(self._receiver.tick(now), now)
        for station in self._stations:
            station.machine.tick(now)
            station.settle()

    def lost(self, reason: str) -> None:
        """The line is gone."""
        for station in self._stations:
            station.machine.reset(reason)
            station.settle()

    def _serve(self, frames: Sequence[LineFrame], now: float) -> None:
        for frame in frames:
            for station in self._stations:
                station.machine.receive(frame, now)
                station.settle()
            if octets := b"".join(station.machine.output() for station in self._stations):
                self._write(octets)
            for station in self._stations:
                station.close_left()


class _Station:
    """A machine and its handler; also the connection that the handler sees (`dlmskit.transport.base.Connection`)."""

    def __init__(self, port: MBusPort, station: MBusStation, times: MBusTimes, limits: Limits) -> None:
        self.machine = MBusServer(station.address, times, limits)
        self.handler: ConnectionHandler | None = None
        self._port = port
        self._station = station
        self._closing = ""
        self._busy = False

    @property
    def peer(self) -> str:
        """The line, and the meter's address there."""
        return f"{self._port.peer} meter {self._station.address}"

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        """Push: fetched with the master's next question, since a slave never speaks unasked."""
        if self.machine.linked:
            self.machine.send(destination, source, apdu)

    def close(self) -> None:
        """Drop the link when the answer under way is out; nothing is answered before the master sets it up again."""
        self._closing = self._closing or "closed by the server"
        if not self._busy:
            self.close_left()

    def close_left(self) -> None:
        """Drop a link that its handler has closed while it was served."""
        if self._closing:
            self.machine.reset(self._closing)
            self.settle()

    def settle(self) -> None:
        """Serve what has happened."""
        for event in self.machine.take_events():
            if isinstance(event, LinkUp):
                self._closing = ""
                self.handler = self._station.handler_factory(self)
            elif isinstance(event, LinkDown):
                handler, self.handler, self._closing = self.handler, None, ""
                if handler is not None:
                    handler.lost(event.reason)
            elif self.handler is not None and not self._closing:
                self._busy = True
                for apdu in self._answers(self.handler, event.client, event.server, event.apdu):
                    self.machine.send(event.client, event.server, apdu)
                self._busy = False

    def _answers(self, handler: ConnectionHandler, client: int, server: int, apdu: bytes) -> Sequence[bytes]:
        try:
            return handler.received(client, server, apdu)
        except DlmsError as error:
            _LOG.warning("%s dropped: the request could not be served: %s", self.peer, error)
            self._closing = f"the request could not be served: {error}"
            return ()
