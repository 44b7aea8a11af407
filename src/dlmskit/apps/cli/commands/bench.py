"""``dlmskit bench``: speed side by side with other Python stacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import JustifyMethod
from rich.markup import escape
from rich.table import Table

from dlmskit.apps.bench.cases import all_cases
from dlmskit.apps.bench.figure import Figure
from dlmskit.apps.bench.figures import figures
from dlmskit.apps.bench.model import Result
from dlmskit.apps.bench.over_tcp import tcp_cases
from dlmskit.apps.bench.peers import FOLDER, find_peers
from dlmskit.apps.bench.runner import run as measure_all
from dlmskit.apps.cli.output import console, errors, print_json

_WIDTH = 120
"""Columns that the table wants; a narrower terminal wraps lines rather than words."""


def run(
    only: Annotated[str, typer.Argument(help="Measure only the cases whose name contains this, as figures.")] = "",
    peers: Annotated[Path, typer.Option(help="Folder with the adapters of the peers.")] = FOLDER,
    json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """Measure side by side with gurux_dlms and dlms-cosem in one run; only the ratios travel to other machines.

    Example: dlmskit bench "regular profile"
    """
    found = find_peers(peers)
    with tcp_cases() as sessions, errors.status("measuring") as status:
        cases = [case for case in (*all_cases(), *sessions) if only in case.name]
        results = list(measure_all(cases, found, lambda name: status.update(f"measuring: {name}")))
    own: list[Figure] = []
    if only in "figures of a meter":
        with errors.status("measuring") as status:
            own = list(figures(progress=lambda name: status.update(f"measuring: {name}")))
    if json:
        print_json([*(one.to_json() for one in results), *(one.to_json() for one in own)])
    else:
        console.width = max(console.width, _WIDTH)
        if results:
            console.print(_table(results))
        if any(one.note == "disturbed" for one in results):
            console.print("[dim]disturbed: minimum and median of the bursts differ by more than 15 %; measure again[/]")
        if own:
            console.print(_own(own))


def _table(results: list[Result]) -> Table:
    table = Table(title="dlmskit against its peers: how many times quicker", title_justify="left")
    columns: tuple[tuple[str, JustifyMethod], ...] = (
        ("case", "left"),
        ("peer", "left"),
        ("ours", "right"),
        ("theirs", "right"),
        ("ratio", "right"),
    )
    for heading, justify in columns:
        table.add_column(heading, justify=justify, no_wrap=True)
    table.add_column("bar", justify="right")
    table.add_column("")
    last = ""
    for one in results:
        style = "" if one.ratio is None or one.bar is None else "green" if one.ratio >= one.bar else "yellow"
        table.add_row(
            escape(one.name) if one.name != last else "",
            one.peer,
            _seconds(one.ours),
            "-" if one.theirs is None else _seconds(one.theirs),
            "-" if one.ratio is None else f"[{style}]{one.ratio:.2f}[/]" if style else f"{one.ratio:.2f}",
            "" if one.bar is None else f"{one.bar:.2f}",
            one.note,
        )
        last = one.name
    return table


def _own(figures: list[Figure]) -> Table:
    table = Table(title="one process of meters on this machine", title_justify="left")
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_column("")
    for one in figures:
        table.add_row(escape(one.name), f"{one.value:,.4g}" if one.value < 1000 else f"{one.value:,.0f}", one.unit)
    return table


def _seconds(value: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if value * factor >= 1:
            return f"{value * factor:.2f} {unit}"
    return f"{value * 1e9:.0f} ns"
