"""What a fleet of ciphered meters in one process costs: ``python -m scripts.fleet_bench [METERS]``.

Start time and memory of idle meters, and the requests per second that the process answers to clients in another process.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import dlmskit
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.fleets import served_fleet
from dlmskit.apps.simulator.templates import template_text

_CLIENTS = 50
_SECONDS = 5.0
_TEMPLATE = "electricity-1p"


def resident() -> int:
    """KiB of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024


async def serve(count: int) -> None:
    """Start a fleet, say what it cost, let another process ask it."""
    description = parse_description(template_text(_TEMPLATE))
    with tempfile.TemporaryDirectory() as folder:
        before, started, busy = resident(), time.perf_counter(), time.process_time()
        async with served_fleet(description, count, folder=Path(folder)) as fleet:
            seconds, cpu = time.perf_counter() - started, time.process_time() - busy
            print(f"{count} meters of {_TEMPLATE}: {seconds:.1f} s to start ({cpu / count * 1000:.1f} ms of one core each)")
            print(f"{(resident() - before) / count:.0f} KiB each when idle")
            step = max(1, count // _CLIENTS)
            asking = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "scripts.fleet_bench", "ask", folder, *fleet.urls[::step][:_CLIENTS], stdout=subprocess.PIPE
            )
            output, _ = await asking.communicate()
            print(output.decode().strip())


async def ask(folder: Path, urls: list[str]) -> None:
    """Read registers of many meters at the same time."""
    counted = 0

    async def reader(url: str, number: int) -> None:
        nonlocal counted
        where: dict[str, Any] = {"keys": str(folder / "fleet.keys"), "counters": str(folder / f"{number}.counters")}
        async with dlmskit.connect(f"{url}&client=1", **where) as meter:
            while time.perf_counter() < end:
                await meter.read("1.0.1.7.0.255")
                counted += 1

    end = time.perf_counter() + _SECONDS
    await asyncio.gather(*(reader(url, number) for number, url in enumerate(urls)))
    print(f"{counted / _SECONDS:.0f} ciphered requests per second from {len(urls)} clients at once")


if __name__ == "__main__":
    words = sys.argv[1:]
    asyncio.run(ask(Path(words[1]), words[2:]) if words[:1] == ["ask"] else serve(int(words[0]) if words else 5000))
