"""Server side of DLMS over wired M-Bus on one line: the meters there, and the handler of each one's link."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dlmskit.limits import Limits
from dlmskit.link.events import LinkDown, LinkUp
from dlmskit.link.mbus_link import MBusTimes
from dlmskit.link.mbus_slave import MBusServer
from dlmskit.link.mbus_stream import LineFrame, MBusReceiver
from dlmskit.transport.base import ConnectionHandler, HandlerFactory
from dlmskit.transport.line_port import LinePort, Write, answers_of


@dataclass(frozen=True, slots=True)
class MBusStation:
    """A meter on a line."""

    handler_factory: HandlerFactory
    """Called once for each time that a master sets the link up."""
    address: int = 1
    """Its primary address, 1..250."""


class MBusPort(LinePort[LineFrame]):
    """The meters of one line."""

    def __init__(self, stations: Iterable[MBusStation], times: MBusTimes, limits: Limits, write: Write) -> None:
        super().__init__(MBusReceiver(times.pause), write)
        self.stations = tuple(_Station(self, station, times, limits) for station in stations)


class _Station:
    """A machine and its handler; also the connection that the handler sees (`dlmskit.transport.base.Connection`)."""

    def __init__(self, port: MBusPort, station: MBusStation, times: MBusTimes, limits: Limits) -> None:
        self.machine = MBusServer(station.address, times, limits)
        self.handler: ConnectionHandler | None = None
        self._port = port
        self._station = station
        self._closing = ""

    @property
    def links(self) -> int:
        return int(self.machine.linked)

    @property
    def associated(self) -> bool:
        return self.handler is not None and self.handler.associated

    @property
    def due(self) -> float | None:
        return self.machine.due

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
        if not self._port.busy:
            self.close_left()

    def take(self, frame: LineFrame, now: float) -> None:
        self.machine.receive(frame, now)
        self.settle()

    def tick(self, now: float) -> None:
        self.machine.tick(now)
        self.settle()

    def lost(self, reason: str) -> None:
        self.machine.reset(reason)
        self.settle()

    def output(self) -> bytes:
        return self.machine.output()

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
                apdus, failure = answers_of(self.handler, self.peer, event.client, event.server, event.apdu)
                self._closing = failure or self._closing  # which the handler may have set meanwhile
                for apdu in apdus:
                    self.machine.send(event.client, event.server, apdu)
