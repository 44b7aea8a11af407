"""What one process of meters does on this machine: no peer to compare with, so plain figures. Linux tells what they cost.

Requests are counted against the processor time of the meter's process, so that neither the client nor other work on the
machine falsifies them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.resources import files
from pathlib import Path
from time import perf_counter

from dlmskit.apps.bench.figure import Figure
from dlmskit.apps.bench.fleet import fleet_figures
from dlmskit.apps.bench.processes import TICK, processor_seconds, simulated
from dlmskit.errors import ConfigError, TransportError
from dlmskit.security.keys import KeySet
from dlmskit.sync import Meter, connect

REGISTER, PROFILE = "1.0.1.8.0.255", "1.0.99.1.0.255"
A_YEAR = 365 * 96
"""Rows of a profile of 15 minutes."""
_KEYS = KeySet.from_hex(guek=bytes(range(16)).hex(), gak=bytes(range(0xD0, 0xE0)).hex())
_PYTHON = (sys.executable, "-c")
_MANY = """
import gc, os, sys
from pathlib import Path
import msgspec
from dlmskit.apps.simulator.description import read_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.server import Database

def resident():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

description, count = read_description(Path(sys.argv[1])), int(sys.argv[2])
build = lambda: SimulatedMeter(description, Database(":memory:"), past=False)
kept = [build()]
before = resident()
kept += [build() for _ in range(count)]
print((resident() - before) / count)
"""

_START = """
import os, sys
from pathlib import Path
from time import perf_counter
from dlmskit.apps.simulator.description import read_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.server import Database

description, state = read_description(Path(sys.argv[1])), Path(sys.argv[2])
SimulatedMeter(description, Database(":memory:"), past=False)  # what is imported on the way
start = perf_counter()
meter = SimulatedMeter(description, Database(state))
print(perf_counter() - start, flush=True)
if sys.argv[3] == "killed":
    os._exit(0)
meter.device.close()
"""


def figures(
    *,
    requests: int = 3000,
    rows: int = A_YEAR,
    meters: int = 200,
    fleet: int = 5000,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Figure]:
    """Measure, one after the other; less of everything takes less time and tells less. Raises ConfigError without Linux."""
    if not Path("/proc/self/stat").exists():
        raise ConfigError("the processor time and memory of another process are read from /proc, which this system has not got")
    text = files(__package__).joinpath("meter.toml").read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="dlmskit-") as folder:
        short, long = Path(folder, "meter.toml"), Path(folder, "year.toml")
        short.write_text(text, "utf-8")
        long.write_text(text.replace("depth = 96", f"depth = {rows}"), "utf-8")
        progress(f"{requests} requests")
        yield _requests(short, requests)
        progress(f"{rows} rows captured and read")
        yield from _year(long, rows)
        progress(f"start with {rows} rows")
        yield from _starts(long, rows)
        progress(f"memory of {meters} meters")
        yield _memory(short, meters)
        progress(f"a fleet of {fleet} meters")
        yield from fleet_figures(fleet, requests)


def _requests(description: Path, count: int) -> Figure:
    with simulated(str(description)) as (ready, process), _connected(ready["url"], description) as meter:
        meter.read(REGISTER)
        before = processor_seconds(process)
        for _ in range(count):
            meter.read(REGISTER)
        spent = processor_seconds(process) - before
    return Figure("ciphered GET requests answered by one process", count / max(spent, TICK), "per second of its processor time")


def _year(description: Path, count: int) -> Iterator[Figure]:
    with simulated(str(description)) as (ready, process):
        yield Figure(f"{count} rows of 15 minutes captured, and kept in SQLite", processor_seconds(process), "s, with start")
        with _connected(ready["url"], description) as meter:
            start = perf_counter()
            found = meter.profile(PROFILE).read()
            spent = perf_counter() - start
    if len(found) < count:
        raise TransportError(f"the meter of the benchmark gave {len(found)} rows of {count}")
    yield Figure(f"{count} rows read, ciphered, over TCP", spent, "s")


def _connected(url: str, description: Path) -> AbstractContextManager[Meter]:
    """Each meter of the benchmark begins with new counters, and so does who reads it."""
    return connect(f"{url}?client=1&server=1", keys=_KEYS, counters=str(description.with_suffix(".counters")))


def _starts(description: Path, rows: int) -> Iterator[Figure]:
    """The imports of Python are not counted. After a kill the file is looked through; after a stop its digest is compared."""
    state = description.with_name("state.sqlite")
    taken = []
    for end in ("killed", "stopped", "stopped"):
        command = [*_PYTHON, _START, str(description), str(state), end]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own program
        taken.append(1000 * float(done.stdout))
    for end, spent in zip(("kill", "stop"), taken[1:], strict=True):
        yield Figure(f"start from a state with {rows} rows, after a {end}", spent, "ms")


def _memory(description: Path, count: int) -> Figure:
    done = subprocess.run(  # noqa: S603 - our own interpreter, our own program
        [*_PYTHON, _MANY, str(description), str(count)], stdout=subprocess.PIPE, text=True, check=True
    )
    return Figure("memory of an idle meter with its objects, keys and database", float(done.stdout) / 1024, "KiB")
