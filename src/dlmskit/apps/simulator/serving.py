"""A simulated meter on the network: listeners, captures, and a stop that leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from dlmskit.apps.simulator.description import Description
from dlmskit.apps.simulator.fault_desk import FaultDesk, run_faults
from dlmskit.apps.simulator.fault_tables import read_faults
from dlmskit.apps.simulator.fleets import Fleet, accelerated, served_fleet
from dlmskit.apps.simulator.lab_key_file import write_lab_keys
from dlmskit.apps.simulator.meter import SimulatedMeter, running
from dlmskit.apps.simulator.page_address import PageAddress
from dlmskit.apps.simulator.templates import description_of
from dlmskit.errors import ConfigError
from dlmskit.link.wrapper import PORT
from dlmskit.server import Database
from dlmskit.server.living import last_lived
from dlmskit.transport.base import Listener
from dlmskit.transport.url import address_of, listen_at
from dlmskit.types.obis import Obis

STATE_FILE = "meter.sqlite"
KEY_FILE = "meter.keys"
"""Where a lab meter leaves its keys for the clients that shall read it."""
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a meter is to be served."""

    host: str = "127.0.0.1"
    port: int = PORT
    """0: one that the system chooses."""
    udp: bool = False
    url: str | None = None
    """Another medium, as an address of `dlmskit.transport.url`, in place of host and port."""
    state: Path | None = None
    """Folder for what must survive; None: a temporary one."""
    seed: int | None = None
    """In place of the one in the file."""
    meters: int | None = None
    """In place of the number in the file."""
    speed: float | None = None
    """In place of the one in the file."""
    faults: Path | None = None
    """File of faults that happen."""
    page: PageAddress | None = None
    """Where the page of faults is served."""


TCP_UDP_SETUP, HDLC_SETUP, MBUS_SETUP = Obis("0.0.25.0.0.255"), Obis("0.0.22.0.0.255"), Obis("0.0.24.0.0.255")
_SETUP_OBJECTS = {"hdlc": HDLC_SETUP, "mbus": MBUS_SETUP}


@dataclass(frozen=True, slots=True)
class Served:
    """A meter that is being served."""

    meter: SimulatedMeter
    listener: Listener
    url: str
    """Where, without SAPs: ``tcp://127.0.0.1:4059``."""
    key_file: Path | None
    """Key file for clients, where the meter is one of a laboratory."""
    page: str | None = field(default=None, repr=False)
    """URL of the page of faults, with its token."""


def described(path: Path, serving: Serving) -> Description:
    """The description of a file, or of a name, with what was said otherwise. Raises ConfigError."""
    description = description_of(path)
    if serving.seed is not None:
        description = _with_seed(description, serving.seed)
    said = {name: value for name, value in (("meters", serving.meters), ("speed", serving.speed)) if value is not None}
    fleet = msgspec.structs.replace(description.fleet, **said)
    return msgspec.structs.replace(description, fleet=fleet)


@asynccontextmanager
async def served_many(path: Path, serving: Serving) -> AsyncIterator[Fleet]:
    """Build the fleet of a file and serve it while the block runs. Raises ConfigError, TransportError."""
    description = described(path, serving)
    with _state_folder(serving.state) as folder, _named(path):
        async with (
            served_fleet(
                description,
                description.fleet.meters,
                folder=folder,
                host=serving.host,
                port=serving.port,
                keep=serving.state is not None,
                source=path.parent,
            ) as fleet,
            faulty(serving, FaultDesk(fleet.meters, fleet.urls)) as page,
        ):
            yield replace(fleet, page=page)


@asynccontextmanager
async def faulty(serving: Serving, desk: FaultDesk) -> AsyncIterator[str | None]:
    """Let the faults of the file happen while the block runs, and those of the page, whose URL this is. Raises ConfigError."""
    faults = () if serving.faults is None else read_faults(serving.faults)
    task = asyncio.create_task(run_faults(faults, desk))
    try:
        if serving.page is None:
            yield None
        else:
            from dlmskit.apps.simulator.web.serving import served_page

            async with served_page(serving.page, desk) as url:
                yield url
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def served(path: Path, serving: Serving) -> AsyncIterator[Served]:
    """Build the meter of a file and serve it while the block runs. Raises ConfigError, TransportError."""
    description = described(path, serving)
    speed = description.fleet.speed
    with _state_folder(serving.state) as folder, _named(path):
        meter = _meter(description, Database(folder / STATE_FILE), path.parent)
        try:
            address = serving.url or f"{'udp' if serving.udp else 'tcp'}://{_shown(serving.host)}:{serving.port}"
            listener = await listen_at(address, meter.faults.at_port(port_of(address)), meter.device.limits)
            try:
                url = address_of(address, listener)
                async with running(meter, speed), faulty(serving, FaultDesk([meter], [url])) as page:
                    yield Served(meter, listener, url, _key_file(meter, folder), page)
            finally:
                # What was asked is answered; then it ends, whether the peers have understood or not.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(listener.close(), _STOP_SECONDS)
        finally:
            meter.close()


def port_of(address: str) -> Obis:
    """The set-up object of the port that an address is on: what a protection object (class 124) names."""
    return _SETUP_OBJECTS.get(address.partition("://")[0].partition("+")[0], TCP_UDP_SETUP)


def stop_signal() -> asyncio.Event:
    """Set by Ctrl-C and SIGTERM. Ask for it before anybody is told that the meter is ready."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, stop.set)
    return stop


def _meter(description: Description, database: Database, folder: Path) -> SimulatedMeter:
    try:
        now = None if description.fleet.speed == 1 else accelerated(description.fleet.speed, last_lived(database))
        return SimulatedMeter(description, database, folder=folder, now=now)
    except BaseException:
        database.close()
        raise


def _key_file(meter: SimulatedMeter, folder: Path) -> Path | None:
    path = folder / KEY_FILE
    if meter.description.keys is None:
        return None
    if not path.exists():
        write_lab_keys(path, [meter], meter.pairs.client)
    return path


def _with_seed(description: Description, seed: int) -> Description:
    household = msgspec.structs.replace(description.household, seed=seed)
    return msgspec.structs.replace(description, household=household)


@contextmanager
def _state_folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is None:
        with tempfile.TemporaryDirectory(prefix="dlmskit-") as folder:
            yield Path(folder)
        return
    try:
        chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the folder for the state, {chosen}, cannot be made: {error.strerror}") from error
    yield chosen


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say in which file something is wrong."""
    try:
        yield
    except ConfigError as error:
        if str(path) in str(error):
            raise
        raise ConfigError(f"{path}: {error}") from error


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
