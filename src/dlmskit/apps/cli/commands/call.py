"""``dlmskit call``: invoke methods of a meter."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.connection import AllowWeak, ClassId, Json, KeyFile, Url, on_meter
from dlmskit.apps.cli.items import InOne, perform, show_results, split_items
from dlmskit.apps.cli.recording import Pcap, Record
from dlmskit.apps.cli.values import value_from_text
from dlmskit.client.aio import Meter
from dlmskit.client.directory import Directory
from dlmskit.client.in_order import Call
from dlmskit.types.obis import Obis

CONTEXT = {"ignore_unknown_options": True}
"""A negative number is a value, not an option."""


def run(
    url: Url,
    items: Annotated[
        list[str],
        typer.Argument(
            metavar="OBIS:METHOD [PARAMETER] | OBIS:METHOD[=PARAMETER]...",
            help="What to invoke; method by name or number. A parameter is written as for dlmskit write.",
        ),
    ],
    keys: KeyFile = None,
    allow_weak: AllowWeak = False,
    class_id: ClassId = None,
    type_name: Annotated[
        str | None, typer.Option("--type", help="Type of the parameter, as long-unsigned, where the class does not say it.")
    ] = None,
    in_one: InOne = False,
    record: Record = None,
    pcap: Pcap = None,
    json: Json = False,
) -> int:
    """Invoke methods. None is ever repeated by itself, whatever happens on the way. Exit code 1 where one was refused.

    Example: dlmskit call "tcp://192.0.2.7:4059?client=1" 0.0.96.3.10.255:remote_disconnect --keys meter.keys

    Example: dlmskit call "tcp://192.0.2.7:4059?client=1" 1.0.99.1.0.255:capture 0.0.10.0.1.255:1=5 --in-one --keys meter.keys
    """

    def act(obis: Obis, method: int | str, parameter: str | None) -> Call:
        kind = Directory().method(obis, method, class_id).parameter
        return Call(obis, method, None if parameter is None else value_from_text(parameter, kind, type_name), class_id)

    acts = [act(*item) for item in split_items(items, "1")]

    async def work(meter: Meter) -> int:
        return show_results(acts, await perform(meter, acts, in_one=in_one), "done", json=json)

    return on_meter(url, keys, "calling", work, allow_weak=allow_weak, record=record, pcap=pcap)
