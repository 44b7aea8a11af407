"""Two simulated meters on loopback, and what a head-end wants of them, through the public client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Any

import dlmskit
from dlmskit.apps.simulator.serving import Served, Serving, served
from dlmskit.association.context import AssociationContext

NAMES = ("household.toml", "three-phase.toml")
LOAD_PROFILE = "1.0.99.1.0.255"
_REGISTERS = (
    "1.0.1.8.0.255",
    "1.0.2.8.0.255",
    "1.0.1.7.0.255",
    "1.0.2.7.0.255",
    "1.0.32.7.0.255",
    "1.0.52.7.0.255",
    "1.0.72.7.0.255",
    "1.0.31.7.0.255",
    "1.0.13.7.0.255",
    "1.0.14.7.0.255",
)


@dataclass(frozen=True, slots=True)
class MeterReading:
    """What came of one meter."""

    name: str
    url: str
    context: AssociationContext
    objects: int
    registers: dict[str, dlmskit.Reading]
    """By OBIS code; those that the meter has."""
    day: dlmskit.ProfileTable
    """Its load profile, yesterday."""
    seconds: float
    """From connecting to the release."""


@asynccontextmanager
async def two_meters() -> AsyncIterator[list[Served]]:
    """The meters, on ports that are free, while the block runs."""
    async with AsyncExitStack() as stack:
        meters = []
        for name in NAMES:
            path = stack.enter_context(as_file(files(__package__) / name))
            meters.append(await stack.enter_async_context(served(path, Serving(port=0))))
        yield meters


async def read_all(meters: Sequence[Served]) -> list[MeterReading]:
    """Read all meters at the same time."""
    return list(await asyncio.gather(*(read_one(meter) for meter in meters)))


async def read_one(meter: Served) -> MeterReading:
    """Read registers and yesterday's load profile, with mechanism 5, authenticated and encrypted."""
    keys = meter.meter.description.keys
    assert keys is not None  # noqa: S101 - the descriptions of this package have keys
    loop = asyncio.get_running_loop()
    start = loop.time()
    secrets = dlmskit.KeySet.from_hex(guek=keys.guek, gak=keys.gak)
    async with dlmskit.connect(f"{meter.url}?client=1&server=1", keys=secrets, counters="memory") as client:
        name = await client.read("0.0.42.0.0.255")
        listed = {str(entry.obis) for entry in await client.objects()}
        wanted = [obis for obis in _REGISTERS if obis in listed]
        found = await client.read_many(wanted)
        midnight = (await client.read("0.0.1.0.0.255", "time")).to_datetime().replace(hour=0, minute=0, second=0, microsecond=0)
        day = await client.profile(LOAD_PROFILE).read(since=midnight - timedelta(days=1), until=midnight)
        context = client.context
    assert context is not None  # noqa: S101 - it was open
    readings = {obis: one for obis, one in zip(wanted, found, strict=True) if isinstance(one, dlmskit.Reading)}
    return MeterReading(_text(name), meter.url, context, len(listed), readings, day, loop.time() - start)


def mean_power(day: dlmskit.ProfileTable, column: str) -> tuple[list[datetime], list[float]]:
    """Mean power in W of each quarter of an hour, from the energy readings at its ends."""
    times = [time.to_datetime() for time in day.column("clock")]
    energy = day.column(column)
    hours = [(later - earlier).total_seconds() / 3600 for earlier, later in pairwise(times)]
    watts = [(later - earlier) / span for (earlier, later), span in zip(pairwise(energy), hours, strict=True)]
    return times[:-1], watts


def description_path() -> Path:
    """The description of the first meter."""
    return Path(str(files(__package__) / NAMES[0]))


def real_telegram() -> dict[str, Any]:
    """A telegram of a real meter, with its origin and keys."""
    telegram: dict[str, Any] = json.loads((files(__package__) / "telegram.json").read_text(encoding="utf-8"))
    return telegram


def _text(name: Any) -> str:
    return name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)
