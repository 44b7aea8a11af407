"""``dlmskit read``: values of a meter."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from dlmskit.apps.cli.connection import (
    AllowWeak,
    ClassId,
    Json,
    KeyFile,
    Url,
    on_meter,
    refusal_json,
    shown,
    split_code,
    value_json,
)
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.recording import Pcap, Record
from dlmskit.client.aio import Meter
from dlmskit.client.readings import Reading
from dlmskit.cosem.catalog import describe
from dlmskit.errors import ServiceError
from dlmskit.types.obis import Obis

Asked = tuple[Obis, int | str]
Found = list[Reading | ServiceError]


def run(
    url: Url,
    codes: Annotated[
        list[str],
        typer.Argument(metavar="OBIS[:ATTRIBUTE]...", help="What to read; attribute by name or number, value if not said."),
    ],
    keys: KeyFile = None,
    allow_weak: AllowWeak = False,
    class_id: ClassId = None,
    record: Record = None,
    pcap: Pcap = None,
    json: Json = False,
) -> int:
    """Read attributes, with scaler and unit applied. Exit code 1 where the meter refused one of them.

    Example: dlmskit read "tcp://192.0.2.7:4059?client=1" 1.0.1.8.0.255 0.0.1.0.0.255:time --keys meter.keys
    """
    asked = [split_code(code, "2") for code in codes]

    async def work(meter: Meter) -> int:
        found = await meter.read_many([(*one, class_id) for one in asked])
        print_json(_json(asked, found)) if json else console.print(_table(asked, found))
        return 1 if any(isinstance(one, ServiceError) for one in found) else 0

    return on_meter(url, keys, "reading", work, allow_weak=allow_weak, record=record, pcap=pcap)


def _json(asked: list[Asked], found: Found) -> dict[str, object]:
    pairs = zip(asked, found, strict=True)
    return {"values": [value_json(one) if isinstance(one, Reading) else refusal_json(*what, one) for what, one in pairs]}


def _table(asked: list[Asked], found: Found) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, justify in (("OBIS", "left"), ("value", "right"), ("meaning", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for (obis, name), one in zip(asked, found, strict=True):
        code = str(obis) if name == 2 else f"{obis}:{name}"
        if isinstance(one, Reading):
            value = escape(str(one) if one.unit is not None else shown(one.value))
            table.add_row(code, f"[bold]{value}[/]", escape(one.description))
        else:
            table.add_row(code, f"[red]{escape(_refusal(one))}[/]", escape(describe(obis)))
    return table


def _refusal(error: ServiceError) -> str:
    return str(error).removeprefix(f"{error.where}: ")
