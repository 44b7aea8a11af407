"""The one walk over a declaration: its parts in order, each with its wire type and its names in both XML styles.

XML, text, the tree for JSON, the reference table, the test strategies and the mutator all go through here, for A-XDR and
BER alike; only the compiler of `encode` and `decode` has its own way through the same declarations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from dlmskit.codec import wire
from dlmskit.codec.compiler import python_type
from dlmskit.errors import EncodeError

Path = tuple[str, ...]
"""Names of elements, each inside the one before; empty where the content stands in the surrounding element."""


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a declaration, an alternative of a choice, or an element of a list."""

    field: str
    """Name of the Python field, or of the ASN.1 alternative; empty for an element of a list."""
    word: Any
    """Its wire type: a word of the declaration language, or a declared class."""
    simple: Path
    standard: Path
    number: bool = False
    """XML shows the number although it has a label."""

    def holding(self, inner: Any) -> Part:
        """The same part with the wire type inside its OPTIONAL or its condition."""
        return replace(self, word=wire.wire_of(inner))


@cache
def parts_of(declared: type) -> tuple[Part, ...]:
    """The parts of a declared class in the order of the wire."""
    return tuple(
        _part(name, hint, wire.name_of(hint), simple=camel(name.replace("_", "-")), standard=name.replace("_", "-"))
        for name, hint in wire.fields_of(declared).items()
    )


def item_of(word: wire.SequenceOf) -> Part:
    """One element of a list. ASN.1 gives it no name: the standard style uses that of its type, the simple one may do without."""
    inner = wire.wire_of(word.inner)
    simple, standard = ("", "Data") if isinstance(inner, wire.CosemData) else ("", "")
    if isinstance(inner, type):
        simple = inner.__name__.removeprefix("Cosem")
        standard = re.sub(r"(?<!^)(?=[A-Z])", "-", inner.__name__)
    return _part("", word.inner, word.item, simple=simple, standard=standard)


def part_of(alternative: wire.Alternative) -> Part:
    """One alternative of a choice; its word is None where nothing follows."""
    simple = alternative.simple or camel(alternative.name)
    return _part(alternative.name, alternative.inner, wire.Name(), simple=simple, standard=alternative.name)


def chosen(word: wire.Choice, value: Any) -> wire.Alternative:
    """The alternative that holds a value, told by its Python type. Raises EncodeError when there is none."""
    for alternative in word.alternatives:
        kind = python_type(alternative.inner)
        if value is None if kind is None else isinstance(value, kind):
            return alternative
    raise EncodeError(f"no alternative holds a {type(value).__name__}")


def values_of(value: Any) -> Iterator[tuple[Part, Any]]:
    """The parts of a declared value with what they hold."""
    declared: Any = type(value)
    for part in parts_of(declared):
        yield part, getattr(value, part.field)


def camel(name: str) -> str:
    """``get-request`` as ``GetRequest``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("-"))


def _part(field: str, hint: Any, given: wire.Name, *, simple: str, standard: str) -> Part:
    names = (simple if given.simple is None else given.simple, standard if given.standard is None else given.standard)
    paths = [tuple(filter(None, name.split("/"))) for name in names]
    return Part(field, wire.wire_of(hint), paths[0], paths[1], given.number)
