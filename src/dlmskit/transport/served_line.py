"""Server side of link layers that find their frames themselves: a port on an asyncio transport, and a TCP listener of such ports.

What is on the line is the port's business (`dlmskit.transport.line_port`); slow and silent peers
and floods of connections are met here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from dlmskit.errors import TransportError
from dlmskit.limits import Limits
from dlmskit.transport.line_port import LinePort, Write
from dlmskit.transport.timer import LazyTimer

_LOG = logging.getLogger("dlmskit.transport")

MakePort = Callable[[Write], LinePort[Any]]
"""A port that says what it has to say by the function given."""


class ServedLine(asyncio.Protocol):
    """A port on an asyncio transport."""

    def __init__(self, make_port: MakePort, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._port = make_port(self.write)
        self._timer = LazyTimer(self._loop, self._expired)
        self._frame_timer = LazyTimer(self._loop, self._too_slow)
        self._transport: asyncio.Transport | None = None
        self._reason = ""
        self.gone: asyncio.Future[None] = self._loop.create_future()

    @property
    def links(self) -> int:
        """Clients that have a link now."""
        return self._port.links

    @property
    def associated(self) -> bool:
        """Whether a client has an association."""
        return self._port.associated

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line is there."""
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self._port.peer = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "serial line"

    def data_received(self, data: bytes) -> None:
        """Octets of the line."""
        waiting = self._port.unfinished
        try:
            whole = self._port.feed(data, self._loop.time())
        except Exception:
            self.drop("a handler failed")
            raise
        if not self._port.unfinished:
            self._frame_timer.clear()
        elif whole or not waiting:
            self._frame_timer.set(self._limits.message_seconds)
        self._arm()

    def pause_writing(self) -> None:
        """The peer does not read its answers: it is not listened to until it does."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone, and every link on it."""
        self._timer.cancel()
        self._frame_timer.cancel()
        reason = self._reason or ("connection closed by the peer" if exc is None else f"connection lost: {exc}")
        self._port.lost(reason)
        if not self.gone.done():
            self.gone.set_result(None)

    def drop(self, reason: str) -> None:
        """End the line at once."""
        self._reason = self._reason or reason
        if self._transport is not None:
            _LOG.info("%s dropped: %s", self._port.peer, reason)
            self._transport.abort()

    async def finish(self, seconds: float = 1.0) -> None:
        """End the line when everything is sent, or at the latest after ``seconds``."""
        self._reason = self._reason or "connection closed on this side"
        if self._transport is None:
            return
        self._transport.close()
        done, _ = await asyncio.wait([self.gone], timeout=seconds)
        if not done:
            self._transport.abort()
            await asyncio.wait([self.gone], timeout=seconds)

    def name(self, peer: str) -> None:
        """How the line is called in logs."""
        self._port.peer = peer

    def end_links(self, reason: str) -> None:
        """Every link on the line is over, the line is not."""
        self._port.lost(reason)

    def write(self, octets: bytes) -> None:
        """Put octets on the line."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def _expired(self) -> None:
        self._port.tick(self._loop.time())
        self._arm()

    def _arm(self) -> None:
        due = self._port.due
        if due is None:
            self._timer.clear()
        else:
            self._timer.set(max(due - self._loop.time(), 0.0))

    def _too_slow(self) -> None:
        self.drop(f"slow peer: a frame is not whole after {self._limits.message_seconds:g} s")


class TcpLineListener:
    """A running server (see `dlmskit.transport.base.Listener`); made by `serve_hdlc_tcp` and its like."""

    def __init__(self, make_port: MakePort, limits: Limits) -> None:
        self.refused = 0
        """Connections turned away since every place was taken by one with an association."""
        self.displaced = 0
        """Connections without association that made room for a newer one."""
        self._make_port = make_port
        self._limits = limits
        self._lines: dict[_TcpLine, None] = {}
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens; the number that the system chose when 0 was asked for."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else 0

    @property
    def connections(self) -> int:
        """Links that are up now."""
        return sum(line.links for line in self._lines)

    async def start(self, host: str | None, port: int) -> None:
        """Listen. Raises TransportError when the address cannot be used."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, host, port, backlog=1024)
        except OSError as error:
            raise TransportError(f"cannot listen at {host or '*'}:{port}: {error.strerror or error}") from error

    async def close(self) -> None:
        """Stop listening and end every line."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        await asyncio.gather(*(line.finish() for line in tuple(self._lines)))

    def admit(self, line: _TcpLine) -> bool:
        """Whether there is room for one more line; the oldest without association gives way."""
        if len(self._lines) >= self._limits.connections:
            oldest = next((one for one in self._lines if not one.associated), None)
            if oldest is None:
                self.refused += 1
                return False
            self.displaced += 1
            del self._lines[oldest]
            oldest.drop("made room for a newer connection: no association was open")
        self._lines[line] = None
        return True

    def forget(self, line: _TcpLine) -> None:
        """A line is gone."""
        self._lines.pop(line, None)

    def _accept(self) -> _TcpLine:
        return _TcpLine(self, self._make_port, self._limits)


class _TcpLine(ServedLine):
    """A TCP connection; one without links is ended like one that has been silent."""

    def __init__(self, listener: TcpLineListener, make_port: MakePort, limits: Limits) -> None:
        super().__init__(make_port, limits)
        self._listener = listener
        self._idle = LazyTimer(self._loop, self._without_link)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._listener.admit(self):
            self._idle.set(self._limits.inactivity_seconds)
        else:
            self.drop("refused: no room")

    def connection_lost(self, exc: Exception | None) -> None:
        self._idle.cancel()
        super().connection_lost(exc)
        self._listener.forget(self)

    def _without_link(self) -> None:
        if self.links:
            self._idle.set(self._limits.inactivity_seconds)
        else:
            self.drop(f"no link for {self._limits.inactivity_seconds:g} s")
