"""Client side of the TCP profile (IEC 62056-4-7) on asyncio: one connection, one pair of wPorts.

The server side is `dlmskit.transport.tcp_server`, the client without asyncio `dlmskit.transport.tcp_blocking`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from dlmskit.errors import DlmsError, LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import PORT, WrapperPdu, encode_wrapper
from dlmskit.transport.base import BlockingTransport, HandlerFactory, Listener, Saps, Transport
from dlmskit.transport.tcp_blocking import BlockingTcpTransport, tcp_profile
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.transport.timer import LazyTimer
from dlmskit.transport.url import Scheme, TransportUrl
from dlmskit.transport.wrapper_stream import WrapperStream

CONNECT_SECONDS = 10.0
_QUEUED_APDUS = 64
"""APDUs that may wait to be received before the connection is read no further."""


class TcpTransport(Transport):
    """An APDU pipe to ``host:port`` (see `dlmskit.transport.base.Transport`)."""

    def __init__(
        self,
        host: str,
        port: int = PORT,
        saps: Saps | None = None,
        limits: Limits = DEFAULT,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        self._host = host
        self._port = port
        self.saps = saps or Saps()
        self.profile = tcp_profile(limits)
        self._limits = limits
        self._connect_seconds = connect_seconds
        self._stream: ClientStream | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._host}:{self._port} client={self.saps.client} server={self.saps.server}>"

    @property
    def where(self) -> str:
        """The peer, for messages."""
        return f"{self._host}:{self._port}"

    @property
    def discarded(self) -> int:
        """PDUs that arrived between other wPorts than ours, and were dropped."""
        return self._stream.discarded + self._stream.strange if self._stream else 0

    async def open(self) -> None:
        """Connect within ``connect_seconds``."""
        if self._stream is not None:
            raise LocalProtocolError("this transport is open already")
        try:
            async with asyncio.timeout(self._connect_seconds):
                self._stream = await self._connected()
        except TimeoutError:
            raise TransportTimeout(f"no connection to {self.where} within {self._connect_seconds:g} s") from None
        except OSError as error:
            raise self._not_connected(error) from error

    async def send(self, apdu: bytes) -> None:
        """Write header and APDU; waits only when the peer takes nothing."""
        await self._opened().send(apdu)

    async def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU from our server's wPort to ours."""
        return await self._opened().receive(self._limits.response_seconds if seconds is None else seconds)

    async def close(self) -> None:
        """Close the connection; another ``open`` makes a new one."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.finish()

    async def _connected(self) -> ClientStream:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(lambda: ClientStream(self.saps, self._limits), self._host, self._port))[1]

    def _not_connected(self, error: OSError) -> DlmsError:
        return TransportError(f"no connection to {self.where}: {error.strerror or error}")

    def _opened(self) -> ClientStream:
        if self._stream is None:
            raise TransportError("the connection is not open")
        return self._stream


class ClientStream(WrapperStream):
    """The connection of a client; those of a medium below that is not plain TCP derive from it."""

    __slots__ = ("_arrived", "_overdue", "_response_timer", "_saps", "_seconds", "_waiter", "strange")

    def __init__(self, saps: Saps, limits: Limits) -> None:
        super().__init__(limits)
        self._saps = saps
        self._arrived: deque[bytes] = deque()
        self._waiter: asyncio.Future[bytes] | None = None
        self._response_timer = LazyTimer(self._loop, self._no_answer)
        self._seconds = 0.0
        self._overdue = False
        self.strange = 0

    async def send(self, apdu: bytes) -> None:
        """Write; waits while the peer takes nothing."""
        octets = encode_wrapper(self._saps.client, self._saps.server, apdu)
        if self._reason is not None:
            raise self._reason
        self._transport.write(octets)
        if self._resumed is not None:
            await self._drain(self._resumed)

    async def _drain(self, resumed: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._limits.message_seconds):
                await resumed.wait()
        except TimeoutError:
            self.abort(TransportTimeout(f"the peer takes nothing for {self._limits.message_seconds:g} s"))
        if self._reason is not None:
            raise self._reason

    async def receive(self, seconds: float) -> bytes:
        """The next APDU, for one caller at a time."""
        if self._arrived:
            return self._taken()
        if self._reason is not None:
            raise self._reason
        if self._waiter is not None:
            raise LocalProtocolError("another task receives on this transport already")
        waiter: asyncio.Future[bytes] = self._loop.create_future()
        self._waiter = waiter
        self._seconds = seconds
        self._overdue = False
        self._response_timer.set(seconds)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._arrived.appendleft(waiter.result())  # arrived in the very turn in which the caller gave up
            raise
        finally:
            self._waiter = None
            self._response_timer.clear()

    def pdus_received(self, pdus: Sequence[WrapperPdu]) -> None:
        """Keep what is for us, up to a bound."""
        saps = self._saps
        for pdu in pdus:
            if pdu.source != saps.server or pdu.destination != saps.client:
                self.strange += 1
            elif self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(pdu.apdu)
            else:
                self._arrived.append(pdu.apdu)
        if self._overdue:
            self._give_up()
        if len(self._arrived) >= _QUEUED_APDUS:
            self._transport.pause_reading()

    def lost(self, reason: DlmsError) -> None:
        """Tell who waits."""
        self._response_timer.cancel()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(reason)

    def _taken(self) -> bytes:
        apdu = self._arrived.popleft()
        if not self._arrived and not self._transport.is_closing():
            self._transport.resume_reading()  # harmless when it was not paused
        return apdu

    def _no_answer(self) -> None:
        if self._deframer.pending:
            self._overdue = True  # a message has begun to arrive: its own deadline counts now, but not that of the next one
        else:
            self._give_up()

    def _give_up(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TransportTimeout(f"no answer within {self._seconds:g} s"))


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    host, port = url.host_and_port(PORT)
    return TcpTransport(host, port, url.saps, limits, url.seconds("connect", CONNECT_SECONDS))


def _connect_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    host, port = url.host_and_port(PORT)
    return BlockingTcpTransport(host, port, url.saps, limits, url.seconds("connect", CONNECT_SECONDS))


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    host, port = url.host_and_port(PORT, listening=True)
    return await serve_tcp(host, port, handler_factory=handler_factory, limits=limits)


SCHEME = Scheme(
    "tcp",
    "tcp://host:4059?client=16&server=1",
    _connect,
    _connect_blocking,
    _listen,
    {"connect": "seconds to wait for the connection"},
)
