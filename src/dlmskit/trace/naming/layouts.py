"""Known list layouts: what the elements of a push mean where the push does not say it.

The layouts are data (`push_layouts.json`); this file only matches and looks up. A layout never invents a value: an element of
an unexpected type keeps its name and loses its scaler.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.types.obis import Obis


class Field(msgspec.Struct, frozen=True):
    """One element of a positional layout."""

    index: int
    obis: str | None = None
    attribute: int = 2
    types: tuple[str, ...] = ()
    scaler: int | None = None
    unit: str | None = None


class Scale(msgspec.Struct, frozen=True):
    """Scaler and unit of one OBIS code."""

    obis: str
    scaler: int
    unit: str


class Override(msgspec.Struct, frozen=True):
    """Other scalers under a condition: a prefix of another value, a raw number above, a data type."""

    when: dict[str, Any]
    set: tuple[Scale, ...]


class Match(msgspec.Struct, frozen=True):
    """When a layout fits; every condition that is given must hold."""

    container: str
    length: int | None = None
    lengths_seen: tuple[int, ...] = ()
    list_id: dict[str, Any] | None = None
    types: tuple[tuple[str, ...] | None, ...] | None = None
    types_at: dict[str, tuple[str, ...]] = {}
    first_type: str | None = None
    setup: tuple[str, ...] = ()
    ldn_prefix: str | None = None


class PushLayout(msgspec.Struct, frozen=True):
    """One known list layout."""

    id: str
    meter: str
    country: str
    shape: str
    match: Match
    fields: tuple[Field, ...] = ()
    scalers: tuple[Scale, ...] = ()
    overrides: tuple[Override, ...] = ()
    notes: str = ""

    def fits(self, body: Data, elements: tuple[Data, ...]) -> bool:
        """Whether container, length, list id and types all hold."""
        match = self.match
        if body.type.name != match.container:
            return False
        if match.length is not None and len(elements) != match.length:
            return False
        if match.first_type == "date-time" and not (elements and elements[0].octets[:2] == b"\x09\x0c"):
            return False
        if match.list_id is not None and not _has_list_id(match.list_id, elements):
            return False
        if match.types is not None and not all(
            allowed is None or element.type.name in allowed for allowed, element in zip(match.types, elements, strict=False)
        ):
            return False
        return all(
            int(index) < len(elements) and elements[int(index)].type.name in allowed for index, allowed in match.types_at.items()
        )

    def scales(self) -> dict[Obis, Scale]:
        """Scaler and unit by OBIS code."""
        return {Obis(one.obis): one for one in self.scalers}


def _has_list_id(wanted: dict[str, Any], elements: tuple[Data, ...]) -> bool:
    index = wanted["index"]
    if index >= len(elements) or elements[index].tag not in (Tag.OCTET_STRING, Tag.VISIBLE_STRING):
        return False
    content = elements[index].value
    text = content if isinstance(content, str) else content.decode("latin-1")
    return bool(text == wanted["value"] if "value" in wanted else text.startswith(wanted["prefix"]))


@cache
def known_layouts() -> tuple[PushLayout, ...]:
    """Every known layout, in the order in which they are tried."""
    text = files(__package__).joinpath("push_layouts.json").read_bytes()
    return tuple(msgspec.convert(json.loads(text)["layouts"], tuple[PushLayout, ...]))


def positional_layout(body: Data, elements: tuple[Data, ...]) -> PushLayout | None:
    """The first positional layout that fits."""
    return next((one for one in known_layouts() if one.shape == "positional" and one.fits(body, elements)), None)


def scale_table(shape: str, body: Data, elements: tuple[Data, ...], setups: frozenset[str] = frozenset()) -> PushLayout | None:
    """The first layout of this shape that fits; an object list is known by the push setup that it names."""
    for one in known_layouts():
        if one.shape != shape or not one.fits(body, elements):
            continue
        if one.match.setup and not setups & set(one.match.setup):
            continue
        if one.match.lengths_seen and one.match.list_id is None and len(elements) not in one.match.lengths_seen:
            continue
        return one
    return None
