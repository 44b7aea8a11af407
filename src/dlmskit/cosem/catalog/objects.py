"""The codes that the standard names one by one: patterns over the six value groups, found by medium and value group C.

A pattern is six groups with dots between them: numbers and ranges (``0,1,7``, ``10-19``), ``b`` a channel, ``d`` and ``e`` an
instance 0 to 127, ``f`` a billing period, ``vz`` a billing period counter. A text names groups in braces (``{E+1}``); a part in
brackets is left out where its first group is 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from dlmskit.cosem.catalog.data import names, tables
from dlmskit.types.obis import Obis

_LETTERS = {
    "b": frozenset(range(128)),
    "d": frozenset(range(128)),
    "e": frozenset(range(128)),
    "f": frozenset((*range(100), *range(101, 127), 255)),
    "vz": frozenset((*range(100), 255)),
}
_FIELD = re.compile(r"\{\(?([A-F])([+-]\d+)?\)?(\*128\+E)?\}")
_OPTIONAL = re.compile(r"\[([^]{]*\{\(?([A-F])[^]]*)\]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One pattern, what it stands for, and the interface classes it allows."""

    groups: tuple[frozenset[int], ...]
    text: str
    classes: tuple[int, ...]
    has_periods: bool
    """Whether value group F counts billing periods."""

    def matches(self, obis: Obis) -> bool:
        """Whether the code is one of this pattern. A and C are known to match already."""
        _, b, _, d, e, f = obis.octets
        _, bs, _, ds, es, fs = self.groups
        return d in ds and e in es and f in fs and b in bs

    @property
    def names_channel(self) -> bool:
        """Whether the text tells the channel."""
        return "{B}" in self.text

    def render(self, obis: Obis) -> str:
        """The text for one code."""
        octets = obis.octets

        def optional(match: re.Match[str]) -> str:
            return match[1] if octets["ABCDEF".index(match[2])] else ""

        def field(match: re.Match[str]) -> str:
            number = octets["ABCDEF".index(match[1])] + int(match[2] or 0)
            return str(number * 128 + octets[4] if match[3] else number)

        text = self.text
        if "{" not in text:
            return text
        for name, lookup in _NAMED.items():
            text = text.replace(name, lookup(octets[3]))
        return _FIELD.sub(field, _OPTIONAL.sub(optional, text))


def _country(number: int) -> str:
    return names("countries").get(number, f"country {number}")


def _consortium(number: int) -> str:
    return names("consortia").get(number, f"consortium {number}")


def _gas_quantity(number: int) -> str:
    return names("gas", "C").get(number, f"quantity {number}").lower()


_NAMED: dict[str, Callable[[int], str]] = {
    "{country}": _country,
    "{consortium}": _consortium,
    "{gas quantity}": _gas_quantity,
}
"""What a text names by value group D, as the braces write it."""


def find(obis: Obis, class_id: int | None = None) -> Entry | None:
    """The entry of a code: the first one that matches and allows the class, else the first that matches; None for none."""
    matching = [entry for entry in _index().get((obis.a, obis.c), ()) if entry.matches(obis)]
    if not matching:
        return None
    return next((entry for entry in matching if class_id in entry.classes), matching[0])


@cache
def _index() -> dict[tuple[int, int], list[Entry]]:
    index: dict[tuple[int, int], list[Entry]] = {}
    for pattern, text, classes in tables()["objects"]:
        tokens = pattern.split(".")
        groups = tuple(map(_numbers, tokens))
        entry = Entry(groups, text, tuple(classes), tokens[5] in {"f", "vz"})
        for a in groups[0]:
            for c in groups[2]:
                index.setdefault((a, c), []).append(entry)
    return index


@cache
def _numbers(token: str) -> frozenset[int]:
    if token in _LETTERS:
        return _LETTERS[token]
    numbers: set[int] = set()
    for part in token.split(","):
        low, _, high = part.partition("-")
        numbers.update(range(int(low), int(high or low) + 1))
    return frozenset(numbers)
