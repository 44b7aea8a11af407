"""Listeners of the HDLC profile: over TCP, one line for each connection, and the part that a serial line shares with them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from dlmskit.errors import ConfigError, TransportError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.events import LinkSettings
from dlmskit.link.hdlc.parameters import HdlcParameters
from dlmskit.link.wrapper import PORT
from dlmskit.transport.base import HandlerFactory
from dlmskit.transport.hdlc_port import HdlcPort, HdlcStation
from dlmskit.transport.timer import LazyTimer

_LOG = logging.getLogger("dlmskit.transport")
OFFER = LinkSettings(HdlcParameters(2030, 2030, 7, 7))
"""What a server agrees to: whatever the client wants."""


def stations_of(stations: Iterable[HdlcStation] | HandlerFactory) -> tuple[HdlcStation, ...]:
    """The stations of a line; one handler factory is one station. Raises ConfigError for two with the same address."""
    found = (HdlcStation(stations),) if callable(stations) else tuple(stations)
    lowers = [station.lower for station in found]
    if not found:
        raise ConfigError("a line needs a station")
    if len(found) > 1 and (None in lowers or len(set(lowers)) < len(lowers)):
        raise ConfigError("several stations on one line need lower HDLC addresses of their own")
    return found


def settings_for(settings: LinkSettings, limits: Limits) -> LinkSettings:
    """The settings of the links, with the times and sizes that the limits give."""
    times = replace(settings.times, inactivity=limits.inactivity_seconds)
    return replace(settings, times=times, most_octets=limits.frame_octets)


class ServedLine(asyncio.Protocol):
    """A line with stations, on an asyncio transport. ``left`` is called once it is gone."""

    def __init__(self, stations: tuple[HdlcStation, ...], settings: LinkSettings, limits: Limits, *, unsolicited: bool) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._port = HdlcPort(stations, settings_for(settings, limits), self.write, peer="?", unsolicited=unsolicited)
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


class HdlcTcpListener:
    """A running server (see `dlmskit.transport.base.Listener`); made by `serve_hdlc_tcp`."""

    def __init__(self, stations: tuple[HdlcStation, ...], settings: LinkSettings, limits: Limits) -> None:
        self.refused = 0
        """Connections turned away since every place was taken by one with an association."""
        self.displaced = 0
        """Connections without association that made room for a newer one."""
        self._stations = stations
        self._settings = settings
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
        return _TcpLine(self, self._stations, self._settings, self._limits)


class _TcpLine(ServedLine):
    """A TCP connection; one without links is ended like one that has been silent."""

    def __init__(
        self, listener: HdlcTcpListener, stations: tuple[HdlcStation, ...], settings: LinkSettings, limits: Limits
    ) -> None:
        super().__init__(stations, settings, limits, unsolicited=len(stations) == 1)
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


async def serve_hdlc_tcp(
    host: str | None,
    port: int = PORT,
    *,
    stations: Iterable[HdlcStation] | HandlerFactory,
    limits: Limits = DEFAULT,
    settings: LinkSettings = OFFER,
) -> HdlcTcpListener:
    """Listen for HDLC at ``host:port`` (host None: every interface, port 0: one that the system chooses).

    ``stations`` are the devices behind the one address, or the handler factory of a single one. Raises TransportError when the
    address cannot be used, ConfigError for stations that cannot share a line.
    """
    listener = HdlcTcpListener(stations_of(stations), settings, limits)
    await listener.start(host, port)
    return listener
