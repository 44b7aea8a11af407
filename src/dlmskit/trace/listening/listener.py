"""The listener for asyncio: sockets, the queue, and turns between the meters."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from dlmskit.client.counters import Counters, counters_of
from dlmskit.client.key_file import read_key_file
from dlmskit.errors import ConfigError, DlmsError, LocalProtocolError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import PORT
from dlmskit.security.vault import KeyVault
from dlmskit.trace.listening.admission import ListenCounts, ListenLimits, Rates, Turns
from dlmskit.trace.listening.meters import Meters
from dlmskit.trace.listening.pushed import Push
from dlmskit.trace.listening.receiver import Arrival, Desk, Receiver, Recent
from dlmskit.transport.base import Connection, HandlerFactory, Listener
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.transport.udp import serve_udp
from dlmskit.types.system_title import SystemTitle

Serve = Callable[..., Awaitable[Listener]]
_SCHEMES: dict[str, Serve] = {"tcp": serve_tcp, "udp": serve_udp}


@dataclass(frozen=True, slots=True)
class _Place:
    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> _Place:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"{url}: {error}") from None
        if parts.scheme not in _SCHEMES:
            raise ConfigError(f"{url}: pushes are listened for at {' and '.join(f'{name}://host:port' for name in _SCHEMES)}")
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.username is not None:
            raise ConfigError(f"{url}: write {parts.scheme}://host:port, and nothing else")
        return cls(parts.scheme, parts.hostname, PORT if port is None else port)

    def url(self, port: int) -> str:
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"


class PushListener:
    """Listens while its block runs; iterate over it for the pushes. Made by `listen`.

    A push that wants confirmation is confirmed when the next one is asked for, which says that the program is done with it; or
    before, by its ``confirm``.
    """

    def __init__(self, places: Sequence[_Place], desk: Desk, limits: ListenLimits) -> None:
        self.counts = desk.counts
        self.urls: tuple[str, ...] = ()
        """Where it listens, with the ports that were chosen."""
        self._places = places
        self._desk = desk
        self._limits = limits
        self._turns: Turns[Push] = Turns(limits)
        self._arrived = asyncio.Event()
        self._last: Push | None = None
        self._stack: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise LocalProtocolError("this listener listens already")
        limits = replace(
            self._desk.limits, connections=self._limits.connections, pending_connections=self._limits.connections // 2
        )
        async with AsyncExitStack() as stack:
            for place in self._places:
                station = _Station(self, place)
                server = await _SCHEMES[place.scheme](place.host, place.port, handler_factory=station.connected, limits=limits)
                stack.push_async_callback(server.close)
                station.url = place.url(server.port)
                self.urls = (*self.urls, station.url)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self._done()
        if self._stack is not None:
            stack, self._stack = self._stack, None
            self.urls = ()
            await stack.aclose()
        self._arrived.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Push:
        self._done()
        while (push := self._turns.take()) is None:
            if self._stack is None:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        self._last = push
        return push

    def receiver(self) -> Receiver:
        """For a new connection."""
        return Receiver(self._desk)

    def arrived(self, push: Push, host: str) -> None:
        """Queue a push; without room it is dropped, not confirmed, and its meter may try again."""
        sender = push.system_title if push.trusted else host
        if self._turns.put(sender, push):
            self._arrived.set()
        else:
            self.counts.no_room += 1

    def _done(self) -> None:
        """The program has dealt with the last push."""
        last, self._last = self._last, None
        if last is not None:
            last.confirm()


class _Station:
    """One address that is listened at."""

    def __init__(self, listener: PushListener, place: _Place) -> None:
        self.listener = listener
        self.scheme = place.scheme
        self.url = ""

    @property
    def connected(self) -> HandlerFactory:
        """The handler factory."""
        return lambda connection: _Handler(self, connection)


class _Handler:
    """A `ConnectionHandler`: a connection counts as associated once a meter has proved itself on it.

    Datagrams never do: nothing is kept for their senders but blocks.
    """

    def __init__(self, station: _Station, connection: Connection) -> None:
        self._station = station
        self._connection = connection
        self._receiver = station.listener.receiver()

    @property
    def associated(self) -> bool:
        return self._station.scheme != "udp" and self._receiver.verified

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        host = self._connection.peer.rpartition(":")[0]
        arrival = Arrival(
            url=self._station.url,
            peer=self._connection.peer,
            host=host,
            client_sap=destination,
            server_sap=source,
            received=datetime.now(UTC),
            seconds=time.monotonic(),
            send=lambda answer: self._connection.send(destination, source, answer),
        )
        push = self._receiver.receive(apdu, arrival)
        if push is not None:
            self._station.listener.arrived(push, host)
        return ()

    def lost(self, reason: str) -> None:
        """Nothing is kept of a connection."""


def listen(
    *urls: str,
    keys: KeyVault | str | os.PathLike[str] | None = None,
    counters: str | os.PathLike[str] | Counters | None = None,
    client_title: SystemTitle | str | None = None,
    confirm_plain: bool = False,
    limits: Limits = DEFAULT,
    bounds: ListenLimits = ListenLimits(),  # noqa: B008  frozen
) -> PushListener:
    """Listen for pushes of many meters at ``tcp://host:port`` and ``udp://host:port``.

    ``keys``: a key file, or a vault, with an entry for each meter by its system title. ``counters``: where the receive windows
    are kept, as for `dlmskit.connect`. ``client_title``: who we are to the meters. ``confirm_plain``: confirm pushes without
    protection too. Raises ConfigError here, TransportError where an address cannot be used when the block is entered.
    """
    if not urls:
        raise ConfigError("say where to listen: tcp://host:port or udp://host:port")
    places = [_Place.of(url) for url in urls]
    vault = keys if isinstance(keys, KeyVault) or keys is None else read_key_file(keys)
    try:
        title = SystemTitle(client_title) if isinstance(client_title, str) else client_title
    except DlmsError as error:
        raise ConfigError(f"client_title: {error}") from None
    meters = Meters(vault, counters_of(counters), title, limits)
    desk = Desk(meters, Rates(bounds), Recent(), ListenCounts(), confirm_plain, limits)
    return PushListener(places, desk, bounds)
