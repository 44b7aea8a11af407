"""``dlmskit objects``: what there is in a meter, and what this client may do with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from dlmskit.apps.cli.connection import AllowWeak, Json, KeyFile, Url, on_meter
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.recording import Pcap, Record
from dlmskit.apps.simulator.twins import export_twin
from dlmskit.client.aio import Meter
from dlmskit.client.readings import ObjectEntry
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.declaration import Attribute, Method
from dlmskit.cosem.export.rights import ATTRIBUTE_WORDS, METHOD_WORDS, right_in_words
from dlmskit.errors import ConfigError


def run(
    url: Url,
    keys: KeyFile = None,
    allow_weak: AllowWeak = False,
    record: Record = None,
    pcap: Pcap = None,
    export: Annotated[
        Path | None, typer.Option(help="Write the meter's twin there: a description for dlmskit simulate, without any key of it.")
    ] = None,
    json: Json = False,
) -> int:
    """List the objects that this client sees: class, version, code, meaning, and its rights.

    Example: dlmskit objects "tcp://192.0.2.7:4059?client=1" --keys meter.keys
    """

    async def work(meter: Meter) -> int:
        entries = await meter.objects()
        if export is not None:
            write_twin(export, await export_twin(meter))
        print_json({"objects": list(map(_json, entries))}) if json else console.print(_table(entries))
        return 0

    return on_meter(url, keys, "reading the object list", work, allow_weak=allow_weak, record=record, pcap=pcap)


def write_twin(path: Path, text: str) -> None:
    """Write a twin down. Raises ConfigError where the file cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"the twin cannot be written to {path}: {error.strerror}") from error


def _json(entry: ObjectEntry) -> dict[str, object]:
    attributes, methods = _names(entry)
    return {
        "obis": str(entry.obis),
        "name": entry.description,
        "class_id": entry.class_id,
        "class": entry.class_name or None,
        "version": entry.version,
        "attributes": [
            {"number": number, "name": attributes.get(number), **right_in_words(mode, ATTRIBUTE_WORDS)}
            for number, mode in entry.rights.attributes.items()
        ],
        "methods": [
            {"number": number, "name": methods.get(number), **right_in_words(mode, METHOD_WORDS)}
            for number, mode in entry.rights.methods.items()
        ],
    }


def _names(entry: ObjectEntry) -> tuple[dict[int, str], dict[int, str]]:
    declaration = entry.declaration
    if declaration is None:
        return {}, {}
    return _named(declaration.attributes), _named(declaration.methods)


def _named(words: Mapping[int, Attribute] | Mapping[int, Method[..., object]]) -> dict[int, str]:
    return {number: word.name for number, word in words.items()}


def _numbers(numbers: Iterable[int]) -> str:
    """Numbers with runs drawn together: ``1-3 7``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs) or "[dim]-[/]"


def _table(entries: Sequence[ObjectEntry]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", caption_justify="left", caption_style="dim")
    table.add_column("class")
    table.add_column("OBIS", no_wrap=True)
    table.add_column("meaning")
    table.add_column("read")
    table.add_column("write")
    table.add_column("call")
    for entry in entries:
        kind = f"{entry.class_id}v{entry.version} [dim]{escape(entry.class_name or 'not declared')}[/]"
        rights = entry.rights
        table.add_row(
            kind,
            f"[bold]{entry.obis}[/]",
            escape(entry.description),
            _numbers(number for number, mode in rights.attributes.items() if mode & AccessMode.READ),
            _numbers(number for number, mode in rights.attributes.items() if mode & AccessMode.WRITE),
            _numbers(number for number, mode in rights.methods.items() if mode & AccessMode.ACCESS),
        )
    table.caption = f"{len(entries)} objects; numbers of attributes and methods"
    return table
