"""Fleets: many meters from one description, each with its own system title, keys and household, all with the same clients.

They share what does not differ: classes, declarations, parsed descriptions. Each has a port of its own, or all are behind one
port, where the server SAP says which meter is meant, as a concentrator has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dlmskit.apps.simulator.description import Description, Keys
from dlmskit.apps.simulator.descriptors import make_room
from dlmskit.apps.simulator.faults import Troubled
from dlmskit.apps.simulator.guarding import PORTS
from dlmskit.apps.simulator.key_pairs import clients_pairs
from dlmskit.apps.simulator.lab_key_file import write_lab_keys
from dlmskit.apps.simulator.meter import SimulatedMeter, running
from dlmskit.errors import ConfigError
from dlmskit.server import Database
from dlmskit.transport.base import Connection
from dlmskit.transport.tcp_server import TcpListener, serve_tcp
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE
from dlmskit.types.system_title import SystemTitle

MOST_METERS = 20_000
MOST_BEHIND_ONE_PORT = 16_000
_OF_EACH = ("guek", "gak", "kek", "hls_secret", "device_secret")
"""The keys that are derived for each meter, where the description has them."""


def member(description: Description, number: int) -> Description:
    """The description of meter ``number``, from 0, of a fleet. Raises ConfigError where there are no keys to derive from."""
    keys, meter = description.keys, description.meter
    if keys is None:
        raise ConfigError("a fleet derives its keys from [keys] of the description; add it, with lab = true")
    octets = SystemTitle(meter.system_title).octets
    serial = (int.from_bytes(octets[3:]) + number) % (1 << 40)
    title = octets[:3] + serial.to_bytes(5)
    own = msgspec.structs.replace(
        meter,
        system_title=title.hex().upper(),
        name=f"{meter.name[:3]}{serial % 10**13:013d}",
        past_days=description.fleet.past_days,
    )
    household = msgspec.structs.replace(description.household, seed=description.household.seed + number)
    return msgspec.structs.replace(description, meter=own, household=household, keys=_derived(description, keys, title))


def _derived(description: Description, keys: Keys, title: bytes) -> Keys:
    """The keys of one meter from the secret of the fleet, which those of the description are; their clients are the same."""
    secret = bytes.fromhex(keys.guek) + bytes.fromhex(keys.gak)
    given = {name: getattr(keys, name) for name in _OF_EACH if getattr(keys, name) is not None}
    made = {
        name: hmac.digest(secret, b"dlmskit fleet " + name.encode() + title, hashlib.sha512)[: len(value) // 2].hex()
        for name, value in given.items()
    }
    client = clients_pairs(description)
    public = {f"client_{purpose}_public_key": key.octets.hex() for purpose, key, _ in client.named()}
    # A private key in the description is that of one meter: the others of the fleet get their own.
    return msgspec.structs.replace(keys, **made, signing_key=None, agreement_key=None, **public)


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
) -> AsyncIterator[Fleet]:
    """Serve ``count`` meters while the block runs; with ``keep`` their state is in ``folder``, as the key file is always.

    Raises ConfigError, TransportError.
    """
    if not 1 <= count <= (MOST_BEHIND_ONE_PORT if description.fleet.one_port else MOST_METERS):
        raise ConfigError(f"a fleet of {count} meters: at most {MOST_METERS}, {MOST_BEHIND_ONE_PORT} of them behind one port")
    if not description.fleet.one_port:
        make_room(count)
    now = accelerated(description.fleet.speed)
    async with AsyncExitStack() as stack:
        # The garbage collector would look through thousands of meters again and again: each time is a pause of seconds.
        stack.callback(gc.unfreeze)
        meters: list[SimulatedMeter] = []
        for number in range(count):
            one = member(description, number)
            database = Database(folder / f"{one.meter.system_title}.sqlite") if keep else None
            made = SimulatedMeter(one, database, folder=source, now=now)
            stack.callback(made.close)
            meters.append(made)
            if number % 50 == 0:
                gc.freeze()
                await asyncio.sleep(0)  # the others of this loop have their turn
        key_file = folder / "fleet.keys"
        with contextlib.suppress(FileNotFoundError):
            key_file.unlink()
        write_lab_keys(key_file, meters, clients_pairs(description))
        urls = await _listen(description, meters, host, port, stack)
        for made in meters:
            await stack.enter_async_context(running(made, description.fleet.speed))
        gc.freeze()
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
