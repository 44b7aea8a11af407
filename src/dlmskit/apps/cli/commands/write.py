"""``dlmskit write``: set an attribute of a meter."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.connection import ClassId, Json, KeyFile, Url, on_meter, split_code
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.values import TEXTS, value_from_text
from dlmskit.client.aio import Meter
from dlmskit.client.directory import Directory
from dlmskit.codec.data import Data
from dlmskit.codec.kinds import Anything, simple

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
    kind = Directory().target(obis, attribute, class_id).kind
    typed = value_from_text(value, kind, type_name)

    async def work(meter: Meter) -> int:
        fitted = typed
        if isinstance(kind, Anything) and type_name is None:  # what the text stands for, only the meter knows
            present = await meter.get(obis, attribute, class_id=class_id)
            if present.tag in TEXTS:
                fitted = Data.of(present.tag, value_from_text(value, simple(present.type.name)))
        await meter.write(obis, attribute, fitted, class_id=class_id)
        if json:
            print_json({"obis": str(obis), "attribute": attribute, "written": True})
        else:
            console.print(f"[green]written[/] {obis}:{attribute}")
        return 0

    return on_meter(url, keys, "writing", work)
