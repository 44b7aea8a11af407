"""``dlmskit watch``: look on at a line, and explain what passes."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from dlmskit.apps.cli.connection import shown
from dlmskit.apps.cli.keyfile import key_set
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.places import tcp_place
from dlmskit.apps.simulator.serving import stop_signal
from dlmskit.errors import ConfigError
from dlmskit.trace.explain import ApduExplanation, KeyRing
from dlmskit.trace.explain.engine import Engine
from dlmskit.trace.explain.model import NOTES, weakest
from dlmskit.trace.live import LiveFrames
from dlmskit.trace.relay import Relay
from dlmskit.trace.report import PayloadApdu
from dlmskit.transport.serial_line import CHARACTERS, SerialDevice, open_device
from dlmskit.types.system_title import SystemTitle

_PAUSE_SECONDS = 0.5
"""After so much silence what is held is taken for a whole."""


def run(
    source: Annotated[str, typer.Argument(help="A serial device, or tcp://host:port where the client connects to.")],
    to: Annotated[str | None, typer.Option(help="The meter behind it: tcp://host:port; not for a serial device.")] = None,
    baud: Annotated[int, typer.Option(help="Of a serial device.")] = 9600,
    characters: Annotated[str, typer.Option(help="Of a serial device: 8n1, 8e1, 8n2 or 7e1.")] = "8n1",
    keys: Annotated[str | None, typer.Option(help="Key file: opens what is ciphered, as far as its keys go.")] = None,
    system_title: Annotated[list[str] | None, typer.Option(help="System title of a party, hex; may be given for each.")] = None,
    count: Annotated[int, typer.Option(min=0, help="Stop after so many APDUs; 0: when interrupted.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON line for each APDU, nothing else.")] = False,
) -> int:
    """Explain live what passes on a serial line, or between a client and a meter over TCP. Nothing is sent or changed.

    Example: dlmskit watch tcp://127.0.0.1:4060 --to tcp://192.0.2.7:4059 --keys meter.keys
    """
    titles = [SystemTitle(text) for text in system_title or ()]
    watcher = Watcher(KeyRing(key_set(file=keys, titles=titles), titles), count, json=json)
    if source.startswith("tcp://"):
        if to is None:
            raise ConfigError("a relay needs --to tcp://host:port: the meter that it passes on to")
        asyncio.run(_relay(watcher, tcp_place(source), tcp_place(to), json=json))
    elif to is not None:
        raise ConfigError("a serial device is watched as it is: --to is for tcp://")
    else:
        asyncio.run(_line(watcher, _device(source, baud, characters), json=json))
    return 0


async def _relay(watcher: Watcher, here: tuple[str, int], there: tuple[str, int], *, json: bool) -> None:
    async with Relay(here, there, watcher.passed) as relay:
        _say(f"tcp://{here[0]}:{relay.port}", json=json)
        await watcher.run()


def _device(path: str, baud: int, characters: str) -> SerialDevice:
    if characters not in CHARACTERS:
        raise ConfigError(f"--characters {characters} is not known; there are {', '.join(CHARACTERS)}")
    return SerialDevice(path, baud, characters)


async def _line(watcher: Watcher, device: SerialDevice, *, json: bool) -> None:
    transport = await open_device(device, lambda: _Heard(watcher), device.baud)
    _say(device.path, json=json)
    try:
        await watcher.run()
    finally:
        transport.close()
        await transport.wait_closed()


class _Heard(asyncio.Protocol):
    """A serial device, which has no directions."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def data_received(self, data: bytes) -> None:
        self._watcher.passed(0, True, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watcher.done.set()


def _say(place: str, *, json: bool) -> None:
    print_json({"watching": place}, indent=None) if json else console.print(
        f"watching [bold cyan]{escape(place)}[/]; Ctrl-C stops it"
    )
    sys.stdout.flush()


class Watcher:
    """Octets in, explanations out on standard output."""

    def __init__(self, ring: KeyRing, count: int, *, json: bool) -> None:
        self.done = asyncio.Event()
        """Enough was seen, or the line is gone."""
        self._ring = ring
        self._left = count
        self._json = json
        self._ways: dict[tuple[int, bool], LiveFrames] = {}
        self._engines: dict[int, Engine] = {}
        self._last_heard = 0.0

    async def run(self) -> None:
        """Until somebody stops it, or enough was seen; a pause of the line ends what has no end of its own."""
        stop = asyncio.create_task(stop_signal().wait())
        done = asyncio.create_task(self.done.wait())
        loop = asyncio.get_running_loop()
        while not stop.done() and not done.done():
            await asyncio.wait((stop, done), timeout=_PAUSE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if loop.time() - self._last_heard >= _PAUSE_SECONDS:
                self._paused()
        self._paused()
        stop.cancel()
        done.cancel()

    def passed(self, connection: int, from_client: bool, octets: bytes) -> None:
        """What was heard on a way; nothing: the connection has ended."""
        self._last_heard = asyncio.get_running_loop().time()
        if not octets:
            for way in (True, False):
                self._ways.pop((connection, way), None)
            self._engines.pop(connection, None)
            return
        frames = self._ways.setdefault((connection, from_client), LiveFrames())
        self._explain(connection, from_client, frames.feed(octets))

    def _paused(self) -> None:
        for (connection, from_client), frames in self._ways.items():
            self._explain(connection, from_client, frames.pause())

    def _explain(self, connection: int, from_client: bool, apdus: list[PayloadApdu]) -> None:
        engine = self._engines.setdefault(connection, Engine(self._ring))
        for apdu in apdus:
            if self.done.is_set():
                return
            source = (apdu.kind, apdu.source, apdu.destination)
            explained = engine.explain(apdu.octets, source, trusted=apdu.trusted and apdu.complete)
            direction = apdu.direction or (("c2s" if from_client else "s2c") if connection else None)
            self._show(connection, direction, apdu, explained)
            self._left -= 1
            if not self._left:
                self.done.set()

    def _show(self, connection: int, direction: str | None, apdu: PayloadApdu, explained: ApduExplanation) -> None:
        now = datetime.now(UTC)
        if self._json:
            line = {
                "at": now.isoformat(timespec="milliseconds"),
                "connection": connection,
                "direction": direction,
                "source": apdu.source,
                "destination": apdu.destination,
                **explained.to_json(),
                "values": [value.to_json() for value in explained.values],
                "problems": [problem.to_json() for problem in explained.problems],
            }
            print_json(line, indent=None)
        else:
            _print(now, direction, apdu, explained)
        sys.stdout.flush()


def _print(now: datetime, direction: str | None, apdu: PayloadApdu, explained: ApduExplanation) -> None:
    arrow = {"c2s": "-->", "s2c": "<--"}.get(direction or "", "---")
    layer = weakest(explained.security)
    protection = "" if not explained.security else f" [dim]{layer.verdict.value}, counter {layer.invocation_counter}[/]"
    console.print(f"[dim]{now:%H:%M:%S.%f}[/] {apdu.source} {arrow} {apdu.destination} [bold]{explained.name}[/]{protection}")
    for value in explained.values:
        unit = f" {value.unit}" if value.unit else ""
        console.print(f"    {value.obis or '-'!s:<18} {escape(shown(value.value))}{unit}  [dim]{escape(value.name)}[/]")
    for problem in explained.problems:
        if problem.code not in NOTES:
            console.print(f"    [red]{escape(problem.message)}[/]")
