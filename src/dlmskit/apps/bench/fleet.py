"""A fleet of ciphered meters in one process: what each costs, and how much the process answers to many clients at once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from dlmskit.apps.bench.figure import Figure
from dlmskit.apps.bench.processes import TICK, processor_seconds, resident_octets, simulated
from dlmskit.client.aio import connect
from dlmskit.client.key_file import read_key_file
from dlmskit.security.vault import KeyVault

_TEMPLATE = "electricity-1p"
_REGISTER = "1.0.1.7.0.255"
_START = "s of its processor time"
_FEW = 2
_CLIENTS = 50
"""At the same time, each with a meter of its own."""


def fleet_figures(meters: int, requests: int) -> Iterator[Figure]:
    """Start a fleet, and read from it. What a process costs in any case is that of a fleet of two.

    Raises ConfigError, TransportError.
    """
    with simulated(_TEMPLATE, "--meters", str(_FEW)) as (_, process):
        few_seconds, few_octets = processor_seconds(process), resident_octets(process)
    with simulated(_TEMPLATE, "--meters", str(meters)) as (ready, process):
        more = meters - _FEW
        seconds, octets = processor_seconds(process) - few_seconds, resident_octets(process) - few_octets
        yield Figure(
            f"start of a fleet of {meters} ciphered meters in one process", max(seconds, TICK), "s of its processor time"
        )
        yield Figure("memory of each of them, served and idle", octets / more / 1024, "KiB")
        vault = read_key_file(ready["key_file"])
        urls = [one["url"] for one in ready["meters"]]
        chosen = urls[:: max(1, len(urls) // _CLIENTS)][:_CLIENTS]
        rounds = max(1, requests // len(chosen))
        before, start = processor_seconds(process), perf_counter()
        asyncio.run(_read_all(chosen, vault, rounds))
        spent, passed = processor_seconds(process) - before, perf_counter() - start
        count = len(chosen) * rounds
        name = f"ciphered GET requests that it answers to {len(chosen)} clients at once"
        yield Figure(name, count / max(spent, TICK), "per second of its processor time, associations included")
        yield Figure("the same, with the clients in one process on the same machine", count / passed, "per second")


async def _read_all(urls: list[str], vault: KeyVault, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="dlmskit-") as folder:

        async def read(number: int, url: str) -> None:
            async with connect(f"{url}&client=1", keys=vault, counters=str(Path(folder, str(number)))) as meter:
                for _ in range(rounds):
                    await meter.read(_REGISTER)

        await asyncio.gather(*(read(number, url) for number, url in enumerate(urls)))
