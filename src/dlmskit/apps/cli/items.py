"""Several things to write or to call on one command line: ``CODE VALUE`` for one, ``CODE=VALUE`` for each of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from dlmskit.apps.cli.connection import shown, split_code
from dlmskit.apps.cli.output import console, print_json
from dlmskit.client.aio import Meter
from dlmskit.client.in_order import Act, Call, Read
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.trace.naming.value import friendly, plain
from dlmskit.types.obis import Obis

InOne = Annotated[
    bool,
    typer.Option(
        "--in-one", help="All of it in one request where the meter takes ACCESS; nothing behind the first refusal is executed."
    ),
]


def split_items(texts: Sequence[str], fallback: str) -> list[tuple[Obis, int | str, str | None]]:
    """Code, name or number, and value of each item. Raises ConfigError for what is neither form.

    Two texts of which the first has no ``=`` are one code and its value, as long as the second is no item itself.
    """
    if len(texts) == 2 and "=" not in texts[0] and not _is_item(texts[1], fallback):
        return [(*split_code(texts[0], fallback), texts[1])]
    items = []
    for text in texts:
        code, equals, value = text.partition("=")
        items.append((*split_code(code, fallback), value if equals else None))
    return items


def _is_item(text: str, fallback: str) -> bool:
    code, _, _ = text.partition("=")
    try:
        split_code(code, fallback)
    except ConfigError:
        return False
    return ":" in code


async def perform(meter: Meter, acts: Sequence[Act], *, in_one: bool) -> list[object]:
    """What became of each act: in one request, or each on its own, whatever became of the others. A single refusal is raised."""
    if in_one:
        results: list[object] = await meter.in_order(acts)
    else:
        results = [(await meter.in_order([act], in_one=False))[0] for act in acts]
    if len(acts) == 1 and isinstance(results[0], ServiceError):
        raise results[0]
    return results


def show_results(acts: Sequence[Act], results: Sequence[object], word: str, *, json: bool) -> int:
    """Print what became of each act; the exit code. ``word`` says what was done."""
    told = [_json(act, result, word) for act, result in zip(acts, results, strict=True)]
    if json:
        print_json(told[0] if len(told) == 1 else {"results": told})
    else:
        for act, result in zip(acts, results, strict=True):
            where = f"{act.obis}:{_name(act)}"
            if isinstance(result, ServiceError):
                console.print(f"[red]refused[/] {where}: ", end="")
                console.print(str(result), markup=False)
            else:
                console.print(f"[green]{word}[/] {where}", end="\n" if result is None else ": ")
                if result is not None:
                    console.print(shown(result), markup=False)
    return 1 if any(isinstance(result, ServiceError) for result in results) else 0


def _name(act: Act) -> int | str:
    return act.method if isinstance(act, Call) else act.attribute


def _json(act: Act, result: object, word: str) -> dict[str, object]:
    of = "method" if isinstance(act, Call) else "attribute"
    told: dict[str, object] = {"obis": str(act.obis), of: _name(act)}
    if isinstance(result, ServiceError):
        label = getattr(result.code, "label", str(int(result.code)))
        return told | {"error": {"kind": type(result).__name__, "code": label, "message": str(result)}}
    if isinstance(act, Call | Read):
        return told | {"returned": plain(friendly(result))}
    return told | {word: True}
