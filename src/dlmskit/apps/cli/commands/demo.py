"""``dlmskit demo``: simulated meters, a ciphered read, a load profile, a real telegram explained; then what to try next."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table

from dlmskit.apps.cli.output import console
from dlmskit.apps.cli.plot import plot
from dlmskit.apps.cli.telegram import print_explanation
from dlmskit.apps.demo.meters import LOAD_PROFILE, MeterReading, description_path, mean_power, read_all, real_telegram, two_meters
from dlmskit.security.keys import KeySet
from dlmskit.trace.explain import KeyRing, explain

_EXAMPLE = Path("examples/household.toml")
_IMPORT, _EXPORT = "1.0.1.8.0.255", "1.0.2.8.0.255"


def run() -> int:
    """Show what dlmskit does, in a few seconds and without a meter: simulate two, read them ciphered, explain a telegram.

    Example: dlmskit demo
    """
    asyncio.run(_meters())
    _telegram()
    _next()
    return 0


async def _meters() -> None:
    _heading("1", "Two simulated meters, read at the same time over TCP")
    async with two_meters() as meters:
        readings = await read_all(meters)
    for reading in readings:
        context = reading.context
        console.print(
            f"[bold]{escape(reading.name)}[/] at {reading.url}: {context.mechanism.label} (mechanism {int(context.mechanism)}), "
            f"authenticated and encrypted, {reading.objects} objects, read in {reading.seconds * 1000:.0f} ms"
        )
    console.print(Padding(_registers(readings), (1, 0, 0, 0)))
    _heading("2", f"Yesterday's load profile of {escape(readings[-1].name)}")
    day = readings[-1].day
    console.print(f"[dim]{len(day)} rows of {LOAD_PROFILE}; power is the difference of the energy readings[/]\n")
    for column, words, style in (
        (_IMPORT, "taken from the grid", "cyan"),
        (_EXPORT, "given by the roof to the grid", "yellow"),
    ):
        times, watts = mean_power(day, column)
        console.print(f"[bold]{words}[/], {sum(watts) / 4000:.1f} kWh")
        console.print(plot(times, watts, unit="W", width=min(console.width, 108), height=6, style=style))


def _registers(readings: Sequence[MeterReading]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("OBIS", no_wrap=True)
    table.add_column("Meaning")
    for reading in readings:
        table.add_column(escape(reading.name), justify="right", no_wrap=True)
    listed = sorted({obis for reading in readings for obis in reading.registers}, key=_order)
    for obis in listed:
        found = [reading.registers.get(obis) for reading in readings]
        meaning = next(one.description for one in found if one is not None).removesuffix(", instantaneous value")
        table.add_row(obis, escape(meaning), *("" if one is None else escape(str(one)) for one in found))
    return table


def _order(obis: str) -> tuple[int, ...]:
    groups = tuple(map(int, obis.split(".")))
    return (groups[3] != 8, *groups)


def _telegram() -> None:
    telegram = real_telegram()
    _heading("3", f"A telegram of a real meter, {telegram['meter']}")
    story = f"{telegram['what']}, as it went over {telegram['medium']}. {telegram['notes']}\nFrom {telegram['source']}."
    console.print(f"[dim]{escape(story)}[/]\n")
    keys = KeySet.from_hex(guek=telegram["guek"], gak=telegram["gak"])
    print_explanation(explain(bytes.fromhex(telegram["hex"]), KeyRing(keys)))


def _next() -> None:
    _heading("4", "What to try next")
    dlmskit = "dlmskit"
    if not shutil.which(dlmskit) and Path(sys.argv[0]).is_file():
        dlmskit = os.path.relpath(sys.argv[0])
    example = next((path for path in (_EXAMPLE, description_path()) if path.exists()), _EXAMPLE)
    for command, words in (
        (f"{dlmskit} simulate {example}", "be a meter; its screen says how to read it from another terminal"),
        (f"{dlmskit} decode --help", "explain a telegram of your own meter: hex, base64, a file or a capture"),
        (f"{dlmskit} --help", "everything else"),
    ):
        console.print(f"  [bold cyan]{escape(command)}[/]\n      [dim]{words}[/]")


def _heading(number: str, text: str) -> None:
    console.print()
    console.print(Rule(f"[bold]{number}  {text}[/]", align="left", style="dim"))
    console.print()
