"""The listener for asyncio: sockets, the queue, and turns between the meters."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from dlmskit.client.counters import Counters, counters_of
from dlmskit.client.key_file import read_key_file
from dlmskit.errors import ConfigError, DlmsError, LocalProtocolError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import PORT
from dlmskit.security.vault import KeyVault
from dlmskit.trace.listening.admission import ListenCounts, ListenLimits, Rates, Turns
from dlmskit.trace.listening.folders import FolderListener
from dlmskit.trace.listening.lines import LineListener
from dlmskit.trace.listening.meters import Meters
from dlmskit.trace.listening.pushed import Push
from dlmskit.trace.listening.receiver import Arrival, Desk, Receiver, Send
from dlmskit.trace.listening.recent import Recent
from dlmskit.trace.live import sap_of
from dlmskit.trace.report import PayloadApdu
from dlmskit.transport.base import Connection, Listener, Saps, is_reliable, round_trip_of
from dlmskit.transport.serial_line import serial_device
from dlmskit.transport.url import TransportUrl, listen_at, parse_url, scheme_named
from dlmskit.types.system_title import SystemTitle

_LINES = ("hdlc+tcp", "mbus+tcp")
_FOLDER = "folder"
_FEW = 16
_DEVICES = {"hdlc+serial": "8n1", "mbus+serial": "8e1"}
"""Serial schemes, and what their characters usually are."""


class PushListener:
    """Listens while its block runs; iterate over it for the pushes. Made by `listen`.

    A push that wants confirmation is confirmed when the next one is asked for, which says that the program is done with it; or
    before, by its ``confirm``.
    """

    def __init__(self, places: Sequence[TransportUrl], desk: Desk, limits: ListenLimits) -> None:
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
                server = await station.listen(limits)
                stack.push_async_callback(server.close)
                station.url = _with_port(place, server.port)
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

    def has_room(self) -> bool:
        """Whether few pushes wait, so that another one finds room whoever sent it."""
        return len(self._turns) < _FEW

    def receiver(self) -> Receiver:
        """For a new connection."""
        return Receiver(self._desk)

    def arrived(self, push: Push, host: str) -> bool:
        """Queue a push; without room it is dropped, not confirmed, and its meter may try again: whether there was room."""
        sender = push.system_title if push.trusted else host
        taken = self._turns.put(sender, push)
        if taken:
            self._arrived.set()
        else:
            self.counts.no_room += 1
        return taken

    def _done(self) -> None:
        """The program has dealt with the last push."""
        last, self._last = self._last, None
        if last is not None:
            last.confirm()


class _Station:
    """One address that is listened at."""

    def __init__(self, listener: PushListener, place: TransportUrl) -> None:
        self.listener = listener
        self.place = place
        self.url = ""
        self._receivers: OrderedDict[str, Receiver] = OrderedDict()

    async def listen(self, limits: Limits) -> Listener:
        """Begin. Raises TransportError, ConfigError."""
        place = self.place
        if place.scheme == _FOLDER:
            folder = FolderListener(Path(place.path), self._filed, self.listener.has_room)
            await folder.listen()
            return folder
        if place.scheme not in {*_LINES, *_DEVICES}:
            return await listen_at(place.text, lambda connection: _Handler(self, connection), limits)
        lines = LineListener(self._heard, limits.connections)
        if place.scheme in _DEVICES:
            await lines.hear(serial_device(place, characters=_DEVICES[place.scheme]))
        else:
            await lines.listen(place.host, PORT if place.port is None else place.port)
        return lines

    def _filed(self, message: bytes, name: str) -> None:
        """A message that stood in a file."""
        self.take(self.listener.receiver(), message, name, 0, 0, None, rated=False)

    def _heard(self, apdu: PayloadApdu, peer: str) -> None:
        """An APDU of a line; blocks are joined for each of them."""
        receiver = self._receivers.pop(peer, None) or self.listener.receiver()
        self._receivers[peer] = receiver
        if len(self._receivers) > _LINES_REMEMBERED:
            self._receivers.popitem(last=False)
        self.take(receiver, apdu.octets, peer, sap_of(apdu.destination), sap_of(apdu.source), None)

    def take(
        self,
        receiver: Receiver,
        apdu: bytes,
        peer: str,
        client_sap: int,
        server_sap: int,
        send: Send | None,
        *,
        reliable: bool = True,
        round_trip_seconds: float = 0.0,
        rated: bool = True,
    ) -> None:
        """What came from a peer; without ``send`` nobody answers it."""
        host = peer.rpartition(":")[0] or peer
        arrival = Arrival(
            url=self.url,
            peer=peer,
            host=host,
            client_sap=client_sap,
            server_sap=server_sap,
            received=datetime.now(UTC),
            seconds=asyncio.get_running_loop().time(),
            send=send,
            reliable=reliable,
            round_trip_seconds=round_trip_seconds,
            rated=rated,
        )
        push = receiver.receive(apdu, arrival)
        if push is not None and not self.listener.arrived(push, host):
            receiver.not_taken()


_LINES_REMEMBERED = 1024


def _with_port(place: TransportUrl, port: int) -> str:
    """The address with the port that was chosen."""
    if not place.host or not port:
        return place.text
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{place.scheme}://{host}:{port}"


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
        return self._station.place.scheme != "udp" and self._receiver.verified

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        connection = self._connection

        def answer(octets: bytes) -> None:
            connection.send(destination, source, octets)

        self._station.take(
            self._receiver,
            apdu,
            connection.peer,
            destination,
            source,
            answer,
            reliable=is_reliable(connection),
            round_trip_seconds=round_trip_of(connection),
        )
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
    """Listen for pushes of many meters at ``tcp://host:port``, ``udp://host:port`` and every other medium with a listener.

    ``hdlc+tcp``, ``mbus+tcp``, ``hdlc+serial`` and ``mbus+serial`` are lines that are only listened to: a customer interface.

    ``folder:///path`` is where a server of files or mails puts pushes.

    ``keys``: a key file, or a vault, with an entry for each meter by its system title. ``counters``: where the receive windows
    are kept, as for `dlmskit.connect`. ``client_title``: who we are to the meters. ``confirm_plain``: confirm pushes without
    protection too. Raises ConfigError here, TransportError where an address cannot be used when the block is entered.
    """
    if not urls:
        raise ConfigError("say where to listen: tcp://host:port or udp://host:port")
    places = [_place(url) for url in urls]
    vault = keys if isinstance(keys, KeyVault) or keys is None else read_key_file(keys)
    try:
        title = SystemTitle(client_title) if isinstance(client_title, str) else client_title
    except DlmsError as error:
        raise ConfigError(f"client_title: {error}") from None
    meters = Meters(vault, counters_of(counters), title, limits)
    if not 1 <= bounds.block_window <= 63:
        raise ConfigError(f"a window is 1 to 63 blocks, not {bounds.block_window}")
    blocks = replace(limits, apdu_octets=min(limits.apdu_octets, bounds.push_octets))
    desk = Desk(meters, Rates(bounds), Recent(), Recent(), ListenCounts(), confirm_plain, limits, blocks, bounds.block_window)
    return PushListener(places, desk, bounds)


def _place(url: str) -> TransportUrl:
    """The parsed address. Raises ConfigError where nobody can listen."""
    if url.startswith(f"{_FOLDER}:///"):
        return TransportUrl(_FOLDER, "", None, unquote(url.removeprefix(f"{_FOLDER}://")), Saps(), {}, url)
    place = parse_url(url)
    scheme = scheme_named(place.scheme)
    if place.scheme not in {*_LINES, *_DEVICES} and (scheme is None or scheme.listen is None):
        raise ConfigError(f"{url}: nobody can listen on {place.scheme}; write tcp://host:port or udp://host:port")
    if place.scheme not in _DEVICES and not place.host and not place.path.strip("/"):
        raise ConfigError(f"{url}: there is no host")
    return place
