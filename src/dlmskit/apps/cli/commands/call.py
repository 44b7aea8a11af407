"""``dlmskit call``: invoke a method of a meter."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from dlmskit.apps.cli.connection import ClassId, Json, KeyFile, Url, on_meter, shown, split_code
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.values import value_from_text
from dlmskit.client.aio import Meter
from dlmskit.client.directory import Directory
from dlmskit.trace.naming.value import friendly, plain

CONTEXT = {"ignore_unknown_options": True}
"""A negative number is a value, not an option."""


def run(
    url: Url,
    code: Annotated[str, typer.Argument(metavar="OBIS:METHOD", help="What to invoke; method by name or number.")],
    parameter: Annotated[
        str | None, typer.Argument(help="As the value of dlmskit write; none for methods that take none.")
    ] = None,
    keys: KeyFile = None,
    class_id: ClassId = None,
    type_name: Annotated[
        str | None, typer.Option("--type", help="Type of the parameter, as long-unsigned, where the class does not say it.")
    ] = None,
    json: Json = False,
) -> int:
    """Invoke a method. It is never repeated by itself, whatever happens on the way.

    Example: dlmskit call "tcp://192.0.2.7:4059?client=1" 0.0.96.3.10.255:remote_disconnect --keys meter.keys
    """
    obis, method = split_code(code, "1")
    kind = Directory().method(obis, method, class_id).parameter
    typed = None if parameter is None else value_from_text(parameter, kind, type_name)

    async def work(meter: Meter) -> int:
        returned = await meter.call(obis, method, typed, class_id=class_id)
        if json:
            print_json({"obis": str(obis), "method": method, "returned": plain(friendly(returned))})
        else:
            told = "" if returned is None else f": {escape(shown(returned))}"
            console.print(f"[green]done[/] {obis}:{method}{told}")
        return 0

    return on_meter(url, keys, "calling", work)
