"""``dlmskit bench``: speed side by side with other Python stacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import JustifyMethod
from rich.markup import escape
from rich.table import Table

from dlmskit.apps.bench.cases import all_cases
from dlmskit.apps.bench.model import Result
from dlmskit.apps.bench.over_tcp import tcp_cases
from dlmskit.apps.bench.peers import FOLDER, find_peers
from dlmskit.apps.bench.runner import run as measure_all
from dlmskit.apps.cli.output import console, errors, print_json

_WIDTH = 120
"""Columns that the table wants; a narrower terminal wraps lines rather than words."""


def run(
    only: Annotated[str, typer.Argument(help="Measure only the cases whose name contains this.")] = "",
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
    if json:
        print_json([result.to_json() for result in results])
    else:
        console.width = max(console.width, _WIDTH)
        console.print(_table(results))
        if any(one.note == "disturbed" for one in results):
            console.print("[dim]disturbed: minimum and median of the bursts differ by more than 15 %; measure again[/]")


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


def _seconds(value: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if value * factor >= 1:
            return f"{value * factor:.2f} {unit}"
    return f"{value * 1e9:.0f} ns"
