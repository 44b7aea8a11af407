"""``dlmskit write``: set attributes of a meter."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.connection import AllowWeak, ClassId, Json, KeyFile, Url, on_meter
from dlmskit.apps.cli.items import InOne, perform, show_results, split_items
from dlmskit.apps.cli.recording import Pcap, Record
from dlmskit.apps.cli.values import TEXTS, value_from_text
from dlmskit.client.aio import Meter
from dlmskit.client.directory import Directory
from dlmskit.client.in_order import Write
from dlmskit.codec.data import Data
from dlmskit.codec.kinds import Anything, simple
from dlmskit.errors import ConfigError
from dlmskit.types.obis import Obis

CONTEXT = {"ignore_unknown_options": True}
"""A negative number is a value, not an option."""


def run(
    url: Url,
    items: Annotated[
        list[str],
        typer.Argument(
            metavar="OBIS:ATTRIBUTE VALUE | OBIS:ATTRIBUTE=VALUE...",
            help="What to write; attribute by name or number. A number, true or false, text, hex for octets, ISO time or now, "
            "or JSON for more.",
        ),
    ],
    keys: KeyFile = None,
    allow_weak: AllowWeak = False,
    class_id: ClassId = None,
    type_name: Annotated[
        str | None, typer.Option("--type", help="Type of the value, as long-unsigned, where the class does not say it.")
    ] = None,
    in_one: InOne = False,
    record: Record = None,
    pcap: Pcap = None,
    json: Json = False,
) -> int:
    """Write attributes, in the types that their interface classes declare. Exit code 1 where the meter refused one of them.

    Example: dlmskit write "tcp://192.0.2.7:4059?client=1" 0.0.1.0.0.255:time now --keys meter.keys

    Example: dlmskit write "tcp://192.0.2.7:4059?client=1" 0.0.1.0.0.255:time=now 0.0.1.0.0.255:3=-60 --in-one --keys meter.keys
    """
    wanted = [_typed(*item, class_id, type_name) for item in split_items(items, "2")]

    async def work(meter: Meter) -> int:
        acts = [write if text is None else await _as_it_is(meter, write, text) for write, text in wanted]
        return show_results(acts, await perform(meter, acts, in_one=in_one), "written", json=json)

    return on_meter(url, keys, "writing", work, allow_weak=allow_weak, record=record, pcap=pcap)


def _typed(
    obis: Obis, attribute: int | str, text: str | None, class_id: int | None, type_name: str | None
) -> tuple[Write, str | None]:
    """What to write; the text again where only the meter knows what it stands for."""
    if text is None:
        raise ConfigError(f"{obis}:{attribute} has no value: write {obis}:{attribute}=VALUE")
    kind = Directory().target(obis, attribute, class_id).kind
    write = Write(obis, attribute, value_from_text(text, kind, type_name), class_id)
    return write, text if isinstance(kind, Anything) and type_name is None else None


async def _as_it_is(meter: Meter, write: Write, text: str) -> Write:
    present = await meter.get(write.obis, write.attribute, class_id=write.class_id)
    if present.tag not in TEXTS:
        return write
    value = Data.of(present.tag, value_from_text(text, simple(present.type.name)))
    return Write(write.obis, write.attribute, value, write.class_id)
