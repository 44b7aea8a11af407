"""``dlmskit counters``: how far the invocation counters of this machine are, how long their keys last; and a leap by hand."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from dlmskit.apps.cli.connection import Json
from dlmskit.apps.cli.output import console, print_json
from dlmskit.client.counter_store import KeptCounter, SqliteCounterStore
from dlmskit.client.counters import counter_file
from dlmskit.errors import ConfigError
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import WEAR_WARNING
from dlmskit.security.forecast import CounterWear, wear_since

_DAY = 86_400


def run(
    file: Annotated[str | None, typer.Argument(help="The file of the counters; without it the one that connections use.")] = None,
    leap: Annotated[
        int | None,
        typer.Option(min=1, max=COUNTER_MAX, help="Go on so many numbers further: after a disk was set back to a backup."),
    ] = None,
    json: Json = False,
) -> int:
    """Show the counters of every key: the next number, what is left, and how long that lasts at the rate until now.

    Example: dlmskit counters --json
    """
    path = counter_file() if file is None else Path(file)
    if not path.is_file():
        raise ConfigError(f"no counters are kept in {path}: nothing was sent under a key yet")
    store = SqliteCounterStore(path)
    if leap is not None:
        store.leap(leap)
    wears = sorted(map(_wear, store.counters()), key=lambda wear: (wear.remaining, wear.counter_id))
    store.close()
    print_json({"file": str(path), "counters": [_json(wear) for wear in wears]}) if json else console.print(_table(wears))
    return 0


def _wear(kept: KeptCounter) -> CounterWear:
    now = time.time()
    begun, first = (now, kept.next) if kept.begun is None or kept.begun_with is None else (kept.begun, kept.begun_with)
    return wear_since(kept.name, kept.next, now, begun, first)


def _json(wear: CounterWear) -> dict[str, Any]:
    key, _, title = wear.counter_id.partition(":")
    return {
        "key": key,
        "system_title": title,
        "next": wear.next,
        "remaining": wear.remaining,
        "per_day": round(wear.per_second * _DAY, 1),
        "days_left": None if wear.seconds_left is None else round(wear.seconds_left / _DAY, 1),
        "state": _state(wear),
    }


def _state(wear: CounterWear) -> str:
    return "used-up" if not wear.remaining else "change-the-key" if wear.next > WEAR_WARNING else "good"


def _table(wears: list[CounterWear]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("key", "system title", "next", "used", "a day", "lasts", ""):
        table.add_column(heading, justify="left" if heading in {"key", "system title", ""} else "right")
    for wear in wears:
        key, _, title = wear.counter_id.partition(":")
        lasts = "-" if wear.seconds_left is None else _said(wear.seconds_left)
        colour = "green" if _state(wear) == "good" else "red"
        rate = f"{wear.per_second * _DAY:.0f}"
        table.add_row(key, title, str(wear.next), f"{wear.used:.1%}", rate, lasts, f"[{colour}]{_state(wear)}[/]")
    return table


def _said(seconds: float) -> str:
    years = seconds / _DAY / 365
    if years >= 1:
        return f"{min(years, 9999):.0f} years"
    return f"{timedelta(seconds=round(seconds)).days} days"
