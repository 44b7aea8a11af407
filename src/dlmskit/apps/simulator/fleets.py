"""Fleets: many meters from one description, each with its own system title, keys and household.

They share what does not differ: classes, declarations, parsed descriptions. Each has a port of its own, or all are behind one
port, where the server SAP says which meter is meant, as a concentrator has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from dlmskit.apps.simulator.description import Description, Keys
from dlmskit.apps.simulator.faults import Troubled
from dlmskit.apps.simulator.guarding import PORTS
from dlmskit.apps.simulator.meter import SimulatedMeter, running
from dlmskit.client.key_file import write_key_file
from dlmskit.errors import ConfigError
from dlmskit.server import Database
from dlmskit.transport.base import Connection
from dlmskit.transport.tcp_server import TcpListener, serve_tcp
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE
from dlmskit.types.system_title import SystemTitle

MOST_METERS = 20_000
MOST_BEHIND_ONE_PORT = 16_000
_KEY_OCTETS = 16
_YOUNG = 30
"""Days since a meter of a fleet was commissioned, at most: so that thousands of them start soon."""


def member(description: Description, number: int, now: datetime) -> Description:
    """The description of meter ``number``, from 0, of a fleet. Raises ConfigError where there are no keys to derive from."""
    keys, meter = description.keys, description.meter
    if keys is None:
        raise ConfigError("a fleet derives its keys from [keys] of the description; add it, with lab = true")
    if meter.security_suite:
        raise ConfigError("meters of a fleet have security suite 0")
    octets = SystemTitle(meter.system_title).octets
    serial = (int.from_bytes(octets[3:]) + number) % (1 << 40)
    title = octets[:3] + serial.to_bytes(5)
    young = (now - timedelta(days=_YOUNG)).date()
    own = msgspec.structs.replace(
        meter,
        system_title=title.hex().upper(),
        name=f"{meter.name[:3]}{serial % 10**13:013d}",
        commissioned=max(meter.commissioned, young),
    )
    household = msgspec.structs.replace(description.household, seed=description.household.seed + number)
    derived = msgspec.structs.replace(keys, guek=_derived(keys, "guek", title), gak=_derived(keys, "gak", title))
    return msgspec.structs.replace(description, meter=own, household=household, keys=derived)


def _derived(keys: Keys, purpose: str, title: bytes) -> str:
    """A key of one meter from the secret of the fleet, which the keys of the description are."""
    secret = bytes.fromhex(keys.guek) + bytes.fromhex(keys.gak)
    return hmac.new(secret, b"dlmskit fleet " + purpose.encode() + title, hashlib.sha256).digest()[:_KEY_OCTETS].hex()


def accelerated(speed: float, began: datetime | None = None) -> Callable[[], datetime]:
    """A clock that goes ``speed`` times as fast as that of the machine."""
    start = datetime.now(UTC)
    first = start if began is None else max(start, began)
    return lambda: first + (datetime.now(UTC) - start) * speed


class Concentrator:
    """A `ConnectionHandler` for many meters behind one port: the server SAP says which one, counted from ``first``."""

    __slots__ = ("_connection", "_first", "_handlers", "_meters")

    def __init__(self, meters: Sequence[SimulatedMeter], first: int, connection: Connection) -> None:
        self._meters, self._first, self._connection = meters, first, connection
        self._handlers: dict[int, Troubled] = {}

    @property
    def associated(self) -> bool:
        """Whether an association with any meter is open."""
        return any(handler.associated for handler in self._handlers.values())

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        """Serve one APDU. A SAP behind which there is no meter is not answered."""
        place = destination - self._first
        if not 0 <= place < len(self._meters):
            return ()
        if place not in self._handlers:
            self._handlers[place] = self._meters[place].faults.at_port(PORTS["tcp"])(self._connection)
        return self._handlers[place].received(source, MANAGEMENT_LOGICAL_DEVICE, apdu)

    def lost(self, reason: str) -> None:
        """The connection is gone."""
        for handler in self._handlers.values():
            handler.lost(reason)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Meters that are being served."""

    meters: list[SimulatedMeter]
    urls: list[str]
    """Where each is."""
    key_file: Path
    page: str | None = field(default=None, repr=False)
    """URL of the page of faults, with its token."""


@asynccontextmanager
async def served_fleet(
    description: Description,
    count: int,
    *,
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    keep: bool = False,
    source: Path = Path(),
    past: bool = False,
) -> AsyncIterator[Fleet]:
    """Serve ``count`` meters while the block runs; with ``keep`` their state is in ``folder``, as the key file is always.

    Without a ``past`` their profiles start empty. Raises ConfigError, TransportError.
    """
    if not 1 <= count <= (MOST_BEHIND_ONE_PORT if description.fleet.one_port else MOST_METERS):
        raise ConfigError(f"a fleet of {count} meters: at most {MOST_METERS}, {MOST_BEHIND_ONE_PORT} of them behind one port")
    now = accelerated(description.fleet.speed)
    async with AsyncExitStack() as stack:
        meters: list[SimulatedMeter] = []
        for number in range(count):
            one = member(description, number, now())
            database = Database(folder / f"{one.meter.system_title}.sqlite") if keep else None
            made = SimulatedMeter(one, database, folder=source, now=now, past=past)
            stack.callback(made.close)
            meters.append(made)
            if number % 50 == 0:
                await asyncio.sleep(0)  # the others of this loop have their turn
        key_file = folder / "fleet.keys"
        with contextlib.suppress(FileNotFoundError):
            key_file.unlink()
        write_key_file(key_file, _key_file(meters).encode())
        urls = await _listen(description, meters, host, port, stack)
        for made in meters:
            await stack.enter_async_context(running(made, description.fleet.speed))
        yield Fleet(meters, urls, key_file)


async def _listen(
    description: Description, meters: list[SimulatedMeter], host: str, port: int, stack: AsyncExitStack
) -> list[str]:
    async def listening(at: int, factory: Callable[[Connection], Troubled | Concentrator]) -> TcpListener:
        listener = await serve_tcp(host, at, handler_factory=factory)
        stack.push_async_callback(listener.close)
        return listener

    shown = f"[{host}]" if ":" in host else host
    if description.fleet.one_port:
        first = description.fleet.first_sap
        listener = await listening(port, lambda connection: Concentrator(meters, first, connection))
        return [
            f"tcp://{shown}:{listener.port}?server={first + number}&server_title={meter.device.system_title}"
            for number, meter in enumerate(meters)
        ]
    urls = []
    for number, meter in enumerate(meters):
        listener = await listening(port + number if port else 0, meter.faults.at_port(PORTS["tcp"]))
        urls.append(f"tcp://{shown}:{listener.port}?server=1&server_title={meter.device.system_title}")
    return urls


def _key_file(meters: Sequence[SimulatedMeter]) -> str:
    parts = ['storage = "plain"\n']
    for meter in meters:
        keys = meter.description.keys
        if keys is not None:
            parts.append(f'[keys.{meter.device.system_title}]\nguek = "{keys.guek}"\ngak = "{keys.gak}"\n')
    return "\n".join(parts)
