"""``dlmskit write``: set an attribute of a meter."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.connection import ClassId, Json, KeyFile, Url, on_meter, split_code
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.values import value_from_text
from dlmskit.client.aio import Meter
from dlmskit.client.directory import Directory

CONTEXT = {"ignore_unknown_options": True}
"""A negative number is a value, not an option."""


def run(
    url: Url,
    code: Annotated[str, typer.Argument(metavar="OBIS:ATTRIBUTE", help="What to write; attribute by name or number.")],
    value: Annotated[
        str, typer.Argument(help="A number, true or false, text, hex for octets, ISO time or now, or JSON for more.")
    ],
    keys: KeyFile = None,
    class_id: ClassId = None,
    type_name: Annotated[
        str | None, typer.Option("--type", help="Type of the value, as long-unsigned, where the class does not say it.")
    ] = None,
    json: Json = False,
) -> int:
    """Write an attribute, in the type that its interface class declares.

    Example: dlmskit write "tcp://192.0.2.7:4059?client=1" 0.0.1.0.0.255:time now --keys meter.keys
    """
    obis, attribute = split_code(code, "2")
    typed = value_from_text(value, Directory().target(obis, attribute, class_id).kind, type_name)

    async def work(meter: Meter) -> int:
        await meter.write(obis, attribute, typed, class_id=class_id)
        if json:
            print_json({"obis": str(obis), "attribute": attribute, "written": True})
        else:
            console.print(f"[green]written[/] {obis}:{attribute}")
        return 0

    return on_meter(url, keys, "writing", work)
