"""Server side of the TCP profile (IEC 62056-4-7): listens, and gives each connection a handler.

It guards the handlers against the network: slow and silent peers, floods of connections, peers that ask and do not read.
What an APDU means, and which wPorts exist, is the handler's business.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from dlmskit.errors import DlmsError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import PORT, WrapperPdu, encode_wrapper
from dlmskit.transport.base import ConnectionHandler, HandlerFactory
from dlmskit.transport.timer import LazyTimer
from dlmskit.transport.wrapper_stream import WrapperStream

_LOG = logging.getLogger("dlmskit.transport")
_REQUESTS_PER_TURN = 32
"""A peer that sends many requests at once gets this many served before the others have their turn."""
_UNREAD_OCTETS = 1 << 16
"""A peer that leaves this much of its answers unread is not served until it reads."""


@dataclass(slots=True)
class ListenerCounts:
    """What a listener has met since its start."""

    accepted: int = 0
    refused: int = 0
    """Turned away: ``Limits.connections`` are served, all of them associated."""
    displaced: int = 0
    """Had no association and made room for a newer connection."""
    discarded: int = 0
    """PDUs between wPorts that are no station, on connections now closed."""
    failed: int = 0
    """Connections dropped for what they sent, or for sending too slowly."""
    inactive: int = 0
    """Connections dropped for silence."""


class TcpListener:
    """A running server (see `dlmskit.transport.base.Listener`); made by `serve_tcp`."""

    def __init__(self, handler_factory: HandlerFactory, limits: Limits) -> None:
        self.counts = ListenerCounts()
        self._handler_factory = handler_factory
        self._limits = limits
        self._server: asyncio.Server | None = None
        self._pending: dict[ServedStream, None] = {}  # in order of arrival: the oldest is displaced first
        self._associated: set[ServedStream] = set()

    @property
    def port(self) -> int:
        """Where it listens; the number that the system chose when 0 was asked for."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else 0

    @property
    def connections(self) -> int:
        """Peers served now."""
        return len(self._pending) + len(self._associated)

    async def start(self, host: str | None, port: int) -> None:
        """Listen. Raises TransportError when the address cannot be used."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self.stream, host, port, backlog=1024)
        except OSError as error:
            raise TransportError(f"cannot listen at {host or '*'}:{port}: {error.strerror or error}") from error
        if not self._server.sockets:  # asyncio takes any failure to make a socket for a family that the system has not got
            raise TransportError(f"cannot listen at {host or '*'}:{port}: no socket could be made; too many files may be open")

    async def close(self) -> None:
        """Stop listening and close every connection; answers on their way are still sent."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        await self.finish_all()

    async def finish_all(self) -> None:
        """Close every connection behind its last answer."""
        streams = [*self._pending, *self._associated]
        await asyncio.gather(*(stream.finish() for stream in streams))

    def stream(self) -> ServedStream:
        """The protocol of one more connection."""
        return ServedStream(self, self._limits)

    def admit(self, stream: ServedStream) -> ConnectionHandler | None:
        """A handler for a new connection, None when there is no room."""
        limits = self._limits
        full = self.connections >= limits.connections
        if self._pending and (full or len(self._pending) >= limits.pending_connections):
            oldest = next(iter(self._pending))
            self.counts.displaced += 1
            oldest.drop(TransportError("made room for a newer connection: no association was open"))
            self._pending.pop(oldest, None)
        elif full:
            self.counts.refused += 1
            _LOG.warning("%s refused: %d connections are served", stream.peer, self.connections)
            return None
        self.counts.accepted += 1
        self._pending[stream] = None
        return self._handler_factory(stream)

    def moved(self, stream: ServedStream, *, associated: bool) -> None:
        """An association was opened or ended on a connection."""
        if associated:
            self._pending.pop(stream, None)
            self._associated.add(stream)
        else:
            self._associated.discard(stream)
            self._pending[stream] = None

    def forget(self, stream: ServedStream) -> None:
        """A connection is gone."""
        self._pending.pop(stream, None)
        self._associated.discard(stream)
        self.counts.discarded += stream.discarded


async def serve_tcp(
    host: str | None, port: int = PORT, *, handler_factory: HandlerFactory, limits: Limits = DEFAULT
) -> TcpListener:
    """Listen for wrapped APDUs at ``host:port`` (host None: every interface, port 0: one that the system chooses).

    ``handler_factory`` is called once per connection. Raises TransportError when the address cannot be used.
    """
    listener = TcpListener(handler_factory, limits)
    await listener.start(host, port)
    return listener


class ServedStream(WrapperStream):
    """The connection of a served peer; those of a medium below that is not plain TCP derive from it."""

    __slots__ = ("_associated", "_handler", "_inactivity", "_listener", "_outgoing", "_requests", "_turn", "peer")

    def __init__(self, listener: TcpListener, limits: Limits) -> None:
        super().__init__(limits)
        self._listener = listener
        self._handler: ConnectionHandler | None = None
        self._associated = False
        self._inactivity = LazyTimer(self._loop, self._too_silent)
        self._requests: deque[WrapperPdu] | None = None
        """What is not served yet; none most of the time."""
        self._turn: asyncio.Handle | None = None
        self._outgoing: list[bytes] | None = None
        """What this turn sends, in order: answers, and what a handler pushes meanwhile."""
        self.peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out who it is and whether there is room."""
        super().connection_made(transport)
        address = transport.get_extra_info("peername")
        self.peer = f"{address[0]}:{address[1]}" if address else "?"
        try:
            self.identify()
        except DlmsError as error:
            self.abort(error)
            return
        self._handler = self._listener.admit(self)
        if self._handler is None:
            self.drop(TransportError("refused: no room"))
        else:
            self._inactivity.set(self._limits.inactivity_seconds)

    def identify(self) -> None:
        """Add to ``peer`` what the medium proves of it; an error of ours turns it away."""

    def pdus_received(self, pdus: Sequence[WrapperPdu]) -> None:
        """Queue the requests and serve a turn of them."""
        self._inactivity.set(self._limits.inactivity_seconds)
        if self._requests is None:
            self._requests = deque(pdus)
        else:
            self._requests.extend(pdus)
        if self._turn is None:
            self._serve()

    def resume_writing(self) -> None:
        """The peer reads its answers again: go on serving."""
        super().resume_writing()
        if self._requests and self._turn is None:
            self._turn = self._loop.call_soon(self._next_turn)

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        """Push one APDU; dropped when the peer is gone, the connection ends when it does not read."""
        if self._reason is not None:
            return
        if self._transport.get_write_buffer_size() > _UNREAD_OCTETS:
            self.abort(TransportError("the peer does not read what is pushed to it"))
            return
        octets = encode_wrapper(source, destination, apdu)
        if self._outgoing is None:
            self._transport.write(octets)
        else:
            self._outgoing.append(octets)

    def close(self) -> None:
        """Close when everything is sent."""
        if self._reason is None:
            self._reason = TransportError("connection closed by the server")
        if self._outgoing is None:  # else at the end of the turn, behind its answers
            self._transport.close()

    def lost(self, reason: DlmsError) -> None:
        """Free the place and tell the handler."""
        self._inactivity.cancel()
        self._requests = None
        if self._turn is not None:
            self._turn.cancel()
        self._listener.forget(self)
        if self._handler is not None:
            self._handler.lost(str(reason))

    def abort(self, reason: DlmsError) -> None:
        """Drop the connection at once, for a fault of the peer."""
        if self._reason is None:
            self._listener.counts.failed += 1
            _LOG.warning("%s dropped: %s", self.peer, reason)
        super().abort(reason)

    def drop(self, reason: DlmsError) -> None:
        """Drop the connection at once, without fault."""
        _LOG.info("%s dropped: %s", self.peer, reason)
        super().abort(reason)

    def _next_turn(self) -> None:
        self._turn = None
        self._serve()

    def _serve(self) -> None:
        """Serve requests until none is left, the turn is over, or too much is unread; one write for all answers."""
        outgoing = self._outgoing = []
        size = 0
        requests = self._requests or deque()
        for _ in range(min(len(requests), _REQUESTS_PER_TURN)):
            if self._resumed is not None or size > _UNREAD_OCTETS or self._reason is not None:
                break
            answer = self._answer(requests.popleft())
            outgoing.append(answer)
            size += len(answer)
        self._outgoing = None
        octets = b"".join(outgoing)
        if octets and not self._transport.is_closing():
            self._transport.write(octets)
        if self._reason is not None:
            self._transport.close()
            return
        if not requests:
            self._requests = None
            self._transport.resume_reading()  # harmless when it was not paused
            return
        self._transport.pause_reading()
        if self._resumed is None:
            self._turn = self._loop.call_soon(self._next_turn)

    def _answer(self, request: WrapperPdu) -> bytes:
        handler = self._handler
        assert handler is not None  # noqa: S101 - only an admitted connection comes here
        try:
            apdus = handler.received(request.source, request.destination, request.apdu)
            answer = b"".join(encode_wrapper(request.destination, request.source, apdu) for apdu in apdus)
        except DlmsError as error:
            self.abort(TransportError(f"the request could not be served: {error}"))
            return b""
        except Exception:
            self.abort(TransportError("the handler failed"))
            raise
        if handler.associated != self._associated:
            self._associated = handler.associated
            self._listener.moved(self, associated=self._associated)
        return answer

    def _too_silent(self) -> None:
        seconds = self._limits.inactivity_seconds
        self._listener.counts.inactive += 1
        self.drop(TransportTimeout(f"nothing received for {seconds:g} s"))
