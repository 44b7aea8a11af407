"""Transports inside one process: a connected pair, and ``memory://name`` to a server that listens under that name.

The APDUs pass as they are, with no framing and no loss. For tests, simulations and the tutorial.
"""

from __future__ import annotations

import asyncio
from collections import deque
from urllib.parse import urlsplit

from dlmskit.errors import ConfigError, DlmsError, LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import Addressing, BlockingTransport, HandlerFactory, Listener, Saps, Transport, TransportProfile
from dlmskit.transport.url import Scheme, TransportUrl

MEMORY_PROFILE = TransportProfile("memory", DEFAULT.apdu_octets, DEFAULT.apdu_octets, addressing=Addressing.NAME)


class Mailbox:
    """What has arrived at one end: APDUs in order, then the news that the other end is gone."""

    def __init__(self) -> None:
        self._apdus: deque[bytes] = deque()
        self._ended = ""
        self._changed: asyncio.Event | None = None

    def put(self, apdu: bytes) -> None:
        """Deliver."""
        self._apdus.append(apdu)
        self._wake()

    def end(self, reason: str) -> None:
        """Nothing more comes."""
        self._ended = self._ended or reason
        self._wake()

    def take(self) -> bytes | None:
        """The next APDU, None while there is none. Raises TransportError behind the last one of an ended box."""
        if self._apdus:
            return self._apdus.popleft()
        if self._ended:
            raise TransportError(self._ended)
        return None

    async def wait(self, seconds: float) -> bytes:
        """The next APDU. Raises TransportTimeout when none comes in time, LocalProtocolError where another task waits already."""
        if self._changed is not None:
            raise LocalProtocolError("another task receives on this transport already")
        try:
            async with asyncio.timeout(seconds):
                while (apdu := self.take()) is None:
                    self._changed = asyncio.Event()
                    await self._changed.wait()
        except TimeoutError:
            raise TransportTimeout(f"no answer within {seconds:g} s") from None
        finally:
            self._changed = None
        return apdu

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()


class MemoryTransport(Transport):
    """One end of a connected pair."""

    def __init__(self, saps: Saps, inbox: Mailbox, outbox: Mailbox, limits: Limits = DEFAULT) -> None:
        self.saps = saps
        self.profile = MEMORY_PROFILE
        self._limits = limits
        self._inbox = inbox
        self._outbox = outbox
        self._open = True

    async def open(self) -> None:
        """Nothing to do: a pair is connected from the start. Raises TransportError once it is closed."""
        if not self._open:
            raise TransportError("a closed pair stays closed")

    async def send(self, apdu: bytes) -> None:
        """Put the APDU before the other end."""
        if not self._open:
            raise TransportError("connection closed on this side")
        self._outbox.put(apdu)

    async def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU of the other end."""
        return await self._inbox.wait(self._limits.response_seconds if seconds is None else seconds)

    async def close(self) -> None:
        """End the pair, for both."""
        if self._open:
            self._open = False
            self._outbox.end("connection closed by the peer")
            self._inbox.end("connection closed on this side")


def memory_pair(saps: Saps | None = None, limits: Limits = DEFAULT) -> tuple[MemoryTransport, MemoryTransport]:
    """Two connected transports; what one sends, the other receives."""
    saps = saps or Saps()
    one, other = Mailbox(), Mailbox()
    return MemoryTransport(saps, one, other, limits), MemoryTransport(saps, other, one, limits)


class MemoryListener:
    """A server under a name in this process, until it is closed (see `dlmskit.transport.base.Listener`)."""

    def __init__(self, name: str, handler_factory: HandlerFactory) -> None:
        self.name = name
        self.port = 0
        self._handler_factory = handler_factory
        self._clients: set[MemoryConnection] = set()

    @property
    def connections(self) -> int:
        """Clients served now."""
        return len(self._clients)

    def connect(self, saps: Saps) -> MemoryConnection:
        """A new client."""
        connection = MemoryConnection(self.name, saps, self._clients, self._handler_factory)
        self._clients.add(connection)
        return connection

    async def close(self) -> None:
        """Forget the name and drop every client."""
        _LISTENERS.pop(self.name, None)
        for connection in tuple(self._clients):
            connection.close()


_LISTENERS: dict[str, MemoryListener] = {}


def serve_memory(name: str, handler_factory: HandlerFactory) -> MemoryListener:
    """Listen under ``name``. Raises TransportError when somebody does already."""
    if name in _LISTENERS:
        raise TransportError(f"a server listens at memory://{name} already")
    listener = _LISTENERS[name] = MemoryListener(name, handler_factory)
    return listener


class MemoryConnection:
    """A client at a listener, as its handler sees it; the handler runs inside ``request``."""

    def __init__(self, name: str, saps: Saps, clients: set[MemoryConnection], handler_factory: HandlerFactory) -> None:
        self.peer = f"memory://{name}"
        self.inbox = Mailbox()
        self._saps = saps
        self._clients = clients
        self._handler = handler_factory(self)

    def request(self, apdu: bytes) -> None:
        """Serve one APDU of the client; the answers come into ``inbox``."""
        if self not in self._clients:
            raise TransportError("connection closed by the peer")
        try:
            answers = self._handler.received(self._saps.client, self._saps.server, apdu)
        except DlmsError as error:
            self.close(f"the request could not be served: {error}")
            return
        for answer in answers:
            self.inbox.put(answer)

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        """Push, if it is for this client."""
        if self in self._clients and (source, destination) == (self._saps.server, self._saps.client):
            self.inbox.put(apdu)

    def close(self, reason: str = "connection closed by the peer") -> None:
        """End it, from either side."""
        if self in self._clients:
            self._clients.discard(self)
            self.inbox.end(reason)
            self._handler.lost(reason)


class _MemoryClient:
    def __init__(self, name: str, saps: Saps | None = None, limits: Limits = DEFAULT) -> None:
        self.saps = saps or Saps()
        self.profile = MEMORY_PROFILE
        self._name = name
        self._limits = limits
        self._connection: MemoryConnection | None = None

    def _connect(self) -> None:
        if self._connection is not None:
            raise LocalProtocolError("this transport is open already")
        listener = _LISTENERS.get(self._name)
        if listener is None:
            raise TransportError(f"nobody listens at memory://{self._name}")
        self._connection = listener.connect(self.saps)

    def _opened(self) -> MemoryConnection:
        if self._connection is None:
            raise TransportError("the connection is not open")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close("connection closed by the client")
            self._connection = None


class MemoryClientTransport(_MemoryClient, Transport):
    """``memory://name`` for asyncio."""

    async def open(self) -> None:
        """Find the listener."""
        self._connect()

    async def send(self, apdu: bytes) -> None:
        """Let the server serve the APDU, now."""
        self._opened().request(apdu)

    async def receive(self, seconds: float | None = None) -> bytes:
        """The next answer or push."""
        return await self._opened().inbox.wait(self._limits.response_seconds if seconds is None else seconds)

    async def close(self) -> None:
        """Leave the server."""
        self._disconnect()


class BlockingMemoryTransport(_MemoryClient, BlockingTransport):
    """``memory://name`` without asyncio: the server answers inside ``send``, so nothing is ever waited for."""

    def open(self) -> None:
        """Find the listener."""
        self._connect()

    def send(self, apdu: bytes) -> None:
        """Let the server serve the APDU, now."""
        self._opened().request(apdu)

    def receive(self, seconds: float | None = None) -> bytes:
        """The next answer or push; TransportTimeout at once when there is none."""
        apdu = self._opened().inbox.take()
        if apdu is None:
            raise TransportTimeout("no answer, and in this thread none can come")
        return apdu

    def close(self) -> None:
        """Leave the server."""
        self._disconnect()


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    return MemoryClientTransport(_name(url), url.saps, limits)


def _connect_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    return BlockingMemoryTransport(_name(url), url.saps, limits)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, _: Limits) -> Listener:
    return serve_memory(_name(url), handler_factory)


def _name(url: TransportUrl) -> str:
    name = urlsplit(url.text.strip()).netloc  # as written: unlike a host, a name has upper and lower case
    if not name or url.port is not None or url.path.strip("/"):
        raise ConfigError(f"{url.text}: write memory://name")
    return name


SCHEME = Scheme("memory", "memory://name?client=16&server=1", _connect, _connect_blocking, _listen)
