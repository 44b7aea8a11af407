"""``dlmskit profile``: a load profile, billing values or an event log, as table, text or picture."""

from __future__ import annotations

import datetime as dt
import json as json_text
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from dlmskit.apps.cli.connection import AllowWeak, KeyFile, Url, on_meter, shown
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.recording import Pcap, Record
from dlmskit.apps.cli.series import pictures
from dlmskit.client.aio import Meter
from dlmskit.codec.profile import ProfileTable
from dlmskit.errors import ConfigError
from dlmskit.trace.naming.value import unit_symbol
from dlmskit.types.obis import Obis


class Format(StrEnum):
    """What is printed."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PLOT = "plot"


def run(  # noqa: PLR0913, PLR0917  one for each option
    url: Url,
    code: Annotated[str, typer.Argument(metavar="OBIS", help="The profile, as 1.0.99.1.0.255.")],
    since: Annotated[
        str | None, typer.Option("--from", help="First time: ISO 8601, today, yesterday; without zone it is the meter's.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last time, included.")] = None,
    entries: Annotated[str | None, typer.Option(metavar="A:B", help="Rows by number, from 1; 3: is to the end.")] = None,
    keys: KeyFile = None,
    allow_weak: AllowWeak = False,
    format: Annotated[Format, typer.Option(help="What to print.")] = Format.TABLE,
    record: Record = None,
    pcap: Pcap = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object: columns and rows.")] = False,
) -> int:
    """Read rows of a profile, with column names, scalers and units read from the meter.

    Example: dlmskit profile "tcp://192.0.2.7:4059?client=1" 1.0.99.1.0.255 --from yesterday --format plot --keys meter.keys
    """
    obis = Obis(code)
    first, last = _numbers(entries)
    if entries is not None and (since is not None or until is not None):
        raise ConfigError("rows are chosen by time or by number, not by both")
    moments = _moment(since), _moment(until, end=True)

    async def work(meter: Meter) -> int:
        profile = meter.profile(obis)
        table = await (profile.entries(first, last) if entries is not None else profile.read(*moments))
        print_json(_json(obis, table)) if json else _print(table, format)
        return 0

    return on_meter(url, keys, f"reading {obis}", work, allow_weak=allow_weak, record=record, pcap=pcap)


def _print(table: ProfileTable, format: Format) -> None:
    if format is Format.CSV:
        table.to_csv(sys.stdout)
    elif format is Format.JSONL:
        table.to_jsonl(sys.stdout)
    elif format is Format.PLOT:
        console.print(pictures(table, console.width))
    else:
        console.print(_table(table))


def _json(obis: Obis, table: ProfileTable) -> dict[str, object]:
    columns = [
        {"name": one.name, "heading": one.heading, "scaler": one.scaler, "unit": unit_symbol(one.unit)} for one in table.columns
    ]
    rows = [json_text.loads(line) for line in table.to_jsonl().splitlines()]
    return {"obis": str(obis), "capture_period": table.capture_period, "columns": columns, "rows": rows}


def _table(table: ProfileTable) -> Table:
    printed = Table(box=None, pad_edge=False, header_style="dim", caption=f"{len(table)} rows", caption_justify="left")
    for column in table.columns:
        printed.add_column(escape(column.heading), justify="left" if column.clock else "right", no_wrap=column.clock)
    for row in table.rows:
        printed.add_row(*(escape(shown(value)) if value is not None else "" for value in row))
    return printed


def _numbers(text: str | None) -> tuple[int, int]:
    """``2:5``, ``3:`` (to the end), ``:4``, ``7`` (one row)."""
    if text is None:
        return 1, 0
    first, colon, last = text.partition(":")
    try:
        numbers = int(first or 1), int(last or 0) if colon else int(first)
    except ValueError:
        raise ConfigError(f"--entries {text}: write A:B, with numbers from 1") from None
    if numbers[0] < 1 or numbers[1] < 0:
        raise ConfigError(f"--entries {text}: rows are counted from 1")
    return numbers


_DAYS = {"today": 0, "yesterday": -1}


def _moment(text: str | None, *, end: bool = False) -> dt.datetime | None:
    """A moment; a day alone is its first, or as an end its last one. Without a zone it goes without deviation."""
    if text is None:
        return None
    if text in _DAYS:
        day = dt.datetime.now().astimezone().date() + dt.timedelta(days=_DAYS[text])
        text = day.isoformat()
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is no time: write 2026-03-01, 2026-03-01T06:00, today or yesterday") from None
    whole_day = len(text) <= len("2026-03-01") and end
    return moment + dt.timedelta(days=1) if whole_day else moment
