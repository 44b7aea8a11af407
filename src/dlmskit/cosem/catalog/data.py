"""The tables behind the catalog: `obis.json` of this package, read once, when first needed."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, NamedTuple


class Processing(NamedTuple):
    """Value group D of electricity: how a quantity is processed."""

    text: str
    classes: tuple[int, ...]
    is_integral: bool
    """Whether powers become energies."""


@cache
def tables() -> dict[str, Any]:
    """The whole file."""
    text = resources.files(__package__).joinpath("obis.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def names(*path: str) -> dict[int, str]:
    """One table of numbers and words, such as ``names("gas", "C")``."""
    table: Any = tables()
    for step in path:
        table = table[step]
    return {int(number): str(text) for number, text in table.items()}


@cache
def numbers(*path: str) -> frozenset[int]:
    """One list of numbers, such as ``numbers("electricity", "harmonics_C")``."""
    listed: Any = tables()
    for step in path:
        listed = listed[step]
    return frozenset(listed)


@cache
def processings() -> dict[int, Processing]:
    """Value group D of electricity."""
    rows = tables()["electricity"]["D"]
    return {
        int(number): Processing(row["text"], tuple(row["classes"]), bool(row.get("integral"))) for number, row in rows.items()
    }
