"""Server side of HDLC on one line: the stations there, their links, and the handler of each link.

Whatever the line is (`dlmskit.transport.hdlc_server` makes listeners of it), octets come in by `feed`, and what the stations say
goes out by the function given. One line may carry several physical devices (multidrop), each with its own handlers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from dlmskit.link.events import Received
from dlmskit.link.hdlc.events import Connected, Ended, LinkSettings, ReceivedUnnumbered
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.receiver import HdlcReceiver
from dlmskit.link.hdlc.server import HdlcServer
from dlmskit.transport.base import ConnectionHandler, HandlerFactory
from dlmskit.transport.line_port import LinePort, Write, answers_of
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE


@dataclass(frozen=True, slots=True)
class HdlcStation:
    """A physical device on a line."""

    handler_factory: HandlerFactory
    """Called once for each link, and once for what comes without one (UI)."""
    lower: int | None = None
    """Its address; None where the line has but one device."""
    uppers: Collection[int] | None = None
    """Its logical devices; frames to others are not answered. None: any, for a device that tells by its handler."""


class HdlcPort(LinePort[HdlcFrame]):
    """The HDLC stations of one line."""

    def __init__(self, stations: Iterable[HdlcStation], settings: LinkSettings, write: Write, *, unsolicited: bool) -> None:
        """``unsolicited``: the line lets a server speak without a poll, so that pushes go at once, as UI."""
        super().__init__(HdlcReceiver(settings.times.inter_octet), write)
        self.unsolicited = unsolicited
        self.stations = tuple(_Station(self, station, settings) for station in stations)


class _Station:
    """A machine, and the handlers of its links."""

    def __init__(self, port: HdlcPort, station: HdlcStation, settings: LinkSettings) -> None:
        self.port = port
        self.machine = HdlcServer(station.uppers, station.lower, settings)
        self._uppers = sorted(station.uppers or (MANAGEMENT_LOGICAL_DEVICE,))
        self._factory = station.handler_factory
        self._links: dict[tuple[int, int], _LinkConnection] = {}
        self._linkless: _LinkConnection | None = None

    @property
    def links(self) -> int:
        return self.machine.links

    @property
    def associated(self) -> bool:
        return any(link.handler.associated for link in self._links.values())

    @property
    def due(self) -> float | None:
        return self.machine.due

    def take(self, frame: HdlcFrame, now: float) -> None:
        self.machine.receive(frame, now)
        self.settle()

    def tick(self, now: float) -> None:
        self.machine.tick(now)
        self.settle()

    def output(self) -> bytes:
        return self.machine.output()

    def settle(self) -> None:
        """Serve what has happened."""
        for event in self.machine.take_events():
            if isinstance(event, Connected):
                connection = _LinkConnection(self, event.client, event.server)
                self._links[event.client, event.server] = connection
            elif isinstance(event, Ended):
                ended = self._links.pop((event.client, event.server), None)
                if ended is not None:
                    ended.handler.lost(event.reason)
            elif isinstance(event, Received):
                self._serve(event)
            else:
                self._serve_unnumbered(event)

    def make_handler(self, connection: _LinkConnection) -> ConnectionHandler:
        return self._factory(connection)

    def closed(self) -> None:
        """A handler has closed its link: now, or behind what is being served."""
        if not self.port.busy:
            self.close_left()

    def close_left(self) -> None:
        """Drop the links that their handlers have closed while they were served."""
        for (client, server), link in list(self._links.items()):
            if link.closing:
                self.machine.disconnect(client, server, link.closing)
        self.settle()

    def lost(self, reason: str) -> None:
        self.machine.lost(reason)
        self.settle()
        if self._linkless is not None:
            self._linkless.handler.lost(reason)
            self._linkless = None

    def _serve(self, request: Received) -> None:
        link = self._links.get((request.client, request.server))
        if link is None or link.closing:
            return
        for apdu in link.answers(request.client, request.server, request.apdu):
            self.machine.send(request.client, request.server, apdu)

    def _serve_unnumbered(self, request: ReceivedUnnumbered) -> None:
        """A request without link: of a pre-established association, or to everybody."""
        if self._linkless is None or self._linkless.closing:
            self._linkless = _LinkConnection(self, request.source.upper, request.destination.upper)
        connection, client = self._linkless, request.source.upper
        everybody = request.destination.is_all_stations
        for server in self._uppers if everybody else [request.destination.upper]:
            for apdu in connection.answers(client, server, request.apdu):
                if request.may_answer:
                    self.machine.send_unnumbered(request.destination, request.source, apdu)


class _LinkConnection:
    """A link as its handler sees it (see `dlmskit.transport.base.Connection`)."""

    def __init__(self, station: _Station, client: int, server: int) -> None:
        self._station = station
        self._key = client, server
        self.closing = ""
        """Why the handler has closed it."""
        self.handler: ConnectionHandler = station.make_handler(self)

    @property
    def peer(self) -> str:
        """The line, and the client's address on it."""
        return f"{self._station.port.peer} client {self._key[0]}"

    def answers(self, client: int, server: int, apdu: bytes) -> Sequence[bytes]:
        """What the handler answers; one that fails ends its link."""
        apdus, failure = answers_of(self.handler, self.peer, client, server, apdu)
        self.closing = self.closing or failure
        return apdus

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        """Push: at once where the line allows it and one frame holds it, else with the client's next poll."""
        machine, port = self._station.machine, self._station.port
        addresses = machine.address_for(destination, source)
        if addresses is None or (destination, source) != self._key:
            return
        client, server = addresses
        if not port.unsolicited or not machine.send_unnumbered(server, client, apdu):
            machine.send(destination, source, apdu)
            return
        port.flush()

    def close(self) -> None:
        """Drop the link when the answer under way is out."""
        self.closing = self.closing or "closed by the server"
        self._station.closed()
