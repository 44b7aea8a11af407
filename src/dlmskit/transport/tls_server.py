"""The wrapper inside TLS, server side: the listener of TCP, behind handshakes that are few and short.

A handshake costs a signature and memory before anybody is known. So no more of them run at once than there may be connections
without association, and a newer one takes the place of the oldest, as it is with those connections themselves.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import replace

from dlmskit.errors import TransportError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.transport.base import HandlerFactory, TransportProfile
from dlmskit.transport.tcp_blocking import tcp_profile
from dlmskit.transport.tcp_server import ServedStream, TcpListener
from dlmskit.transport.tls_context import PORT, TlsIdentity, handshake_failure

_LOG = logging.getLogger("dlmskit.transport")


def tls_profile(limits: Limits) -> TransportProfile:
    """What the TCP profile inside TLS is to the layers above."""
    return replace(tcp_profile(limits), name="tls", secure=True)


class TlsListener(TcpListener):
    """A running server (see `dlmskit.transport.base.Listener`); made by `serve_tls`."""

    def __init__(self, identity: TlsIdentity, handler_factory: HandlerFactory, limits: Limits) -> None:
        super().__init__(handler_factory, limits)
        self.identity = identity
        self._context = identity.server_context()
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._handshakes: dict[asyncio.Task[None], None] = {}  # the oldest comes first

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._sockets[0].getsockname()[1]) if self._sockets else 0

    @property
    def handshakes(self) -> int:
        """Peers that are not known yet."""
        return len(self._handshakes)

    async def start(self, host: str | None, port: int) -> None:
        """Listen. Raises TransportError when the address cannot be used."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, address in dict.fromkeys((entry[0], entry[4]) for entry in found):
                listening = socket.create_server(address[:2], family=family, backlog=1024)
                listening.setblocking(False)
                self._sockets.append(listening)
                port = port or self.port
        except OSError as error:
            self._stop_listening()
            raise TransportError(f"cannot listen at {host or '*'}:{port}: {error.strerror or error}") from error
        self._accepting = [asyncio.create_task(self._accept(listening)) for listening in self._sockets]

    async def close(self) -> None:
        """Stop listening, leave the handshakes, and close every connection; answers on their way are still sent."""
        tasks = [*self._accepting, *self._handshakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._stop_listening()
        await self.finish_all()

    def stream(self) -> ServedStream:
        """The protocol of one more connection."""
        return _TlsServedStream(self, self._limits)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(listening)
            except OSError as error:  # out of descriptors, or gone before we looked: the others are still served
                _LOG.warning("a connection could not be accepted: %s", error)
                await asyncio.sleep(0.1)
                continue
            if len(self._handshakes) >= self._limits.pending_connections:
                self.counts.displaced += 1
                next(iter(self._handshakes)).cancel()
            task = asyncio.create_task(self._handshake(accepted, f"{address[0]}:{address[1]}"))
            self._handshakes[task] = None
            task.add_done_callback(lambda done: self._handshakes.pop(done, None))

    async def _handshake(self, accepted: socket.socket, peer: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                self.stream, accepted, ssl=self._context, ssl_handshake_timeout=self._limits.message_seconds
            )
        except OSError as error:
            self.counts.failed += 1
            _LOG.warning("%s dropped: %s", peer, handshake_failure(peer, error))

    def _stop_listening(self) -> None:
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()


class _TlsServedStream(ServedStream):
    __slots__ = ("_identity",)

    def __init__(self, listener: TlsListener, limits: Limits) -> None:
        super().__init__(listener, limits)
        self._identity = listener.identity

    def identify(self) -> None:
        title = self._identity.check(self._transport.get_extra_info("peercert"))
        if title is not None:
            self.peer += f" ({title})"


async def serve_tls(
    host: str | None, port: int = PORT, *, identity: TlsIdentity, handler_factory: HandlerFactory, limits: Limits = DEFAULT
) -> TlsListener:
    """Listen for wrapped APDUs inside TLS at ``host:port`` (host None: every interface, port 0: one that the system chooses).

    ``handler_factory`` is called once per connection whose certificate is one of ``identity``. Raises ConfigError for files that
    cannot be used, TransportError when the address cannot be used.
    """
    listener = TlsListener(identity, handler_factory, limits)
    await listener.start(host, port)
    return listener
