"""What is wrong with a file of tables, in the words of who wrote it: the place, and what to do."""

from __future__ import annotations

import difflib
import re
import typing
from typing import Any

import msgspec

from dlmskit.apps.simulator.tables import Table

_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `\$\.?(?P<place>.*)`)?$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")


def explained(message: str, whole: type[Table]) -> str:
    """What msgspec says of a file that is a ``whole`` of tables, in the words of the file."""
    found = _PLACE.match(message)
    problem, place = (found["problem"], found["place"] or "") if found else (message, "")
    where = _in_words(place)
    if unknown := _UNKNOWN.match(problem):
        known = _keys_at(place, whole)
        close = difflib.get_close_matches(unknown["name"], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        return f"{where}unknown key {unknown['name']!r}; {hint}"
    if missing := _MISSING.match(problem):
        return f"{where}the key {missing['name']!r} is missing; add it"
    plain = problem.replace("`", "").replace("Expected", "expected").replace("Invalid", "invalid")
    return f"{where}{plain}; change the value"


def _in_words(place: str) -> str:
    """``client[1].sap`` as ``client 2, sap: ``."""
    words = re.sub(r"\[(\d+)\]", lambda found: f" {int(found[1]) + 1}", place).replace("[...]", "").replace(".", ", ")
    return f"{words}: " if words else ""


def _keys_at(place: str, whole: type[Table]) -> list[str]:
    """The keys that the table at that place may have."""
    kind: Any = whole
    for step in re.findall(r"[a-z_]+", place):
        kind = typing.get_type_hints(kind)[step]
        kind = next((part for part in (kind, *_parts(kind)) if isinstance(part, type) and issubclass(part, Table)), whole)
    return [field.name for field in msgspec.structs.fields(kind)]


def _parts(kind: Any) -> list[Any]:
    found = []
    for part in typing.get_args(kind):
        found += [part, *_parts(part)]
    return found
