"""The reference of the APDUs as Markdown, from the declarations: tags, names, fields, what is on the wire.

`scripts/reference.py` writes it into the docs.
"""

from __future__ import annotations

import inspect
import struct
from collections.abc import Iterable
from typing import Any

from dlmskit.codec import wire
from dlmskit.codec.ber import Context
from dlmskit.codec.schema import Apdu
from dlmskit.codec.walk import Part, item_of, part_of, parts_of
from dlmskit.types.enums import CodedEnum


def apdu_reference(apdus: Iterable[type[Apdu]]) -> list[str]:
    """The lines of the page: every APDU by tag, then the parts that they share."""
    lines = [
        "# APDUs",
        "",
        "Every APDU in the order of its tag. Numbers are big-endian; `LEN` is a length or count, one octet up to 7F, else 80+n",
        "and n octets; `OPT(x)` is one octet, 00 or 01, and x behind 01; `LIST(x)` is `LEN` and that many x.",
        "The name in the simple XML style stands in brackets where a field has one of its own.",
    ]
    shared: dict[str, type] = {}
    for declared in apdus:
        name = declared.alternative_name or declared.service_name
        lines += ["", f"## {name}", "", f"`{declared.head.hex(' ').upper()}` · class `{declared.__name__}`", ""]
        lines += [inspect.getdoc(declared) or "", *_table(declared, shared)]
    lines += ["", "## Parts", "", "What several APDUs have in common."]
    done: set[str] = set()
    while set(shared) - done:
        name = min(set(shared) - done)
        done.add(name)
        lines += ["", f"### {name}", "", inspect.getdoc(shared[name]) or "", *_table(shared[name], shared)]
    return lines


def _table(declared: type, shared: dict[str, type]) -> list[str]:
    parts = parts_of(declared)
    if not parts:
        return ["", "Nothing follows."]
    rows = [f"| {_name(part)} | {describe(part.word, shared)} |" for part in parts]
    return ["", "| field | on the wire |", "| --- | --- |", *rows]


def _name(part: Part) -> str:
    simple = "/".join(part.simple)
    name = "/".join(part.standard) or part.field.replace("_", "-")
    return f"`{name}` ({simple})" if simple else f"`{name}`"


_PLAIN = {
    wire.Boolean: "boolean, 1 octet",
    wire.DateTimeOctets: "LEN date-time (0 or 12 octets)",
    wire.EventTime: "OPT(LEN date-time)",
    wire.DefaultTrue: "00 for TRUE, 01 and a boolean for FALSE",
    wire.CosemData: "COSEM data",
    wire.ConformanceBlock: "`5F 1F 04 00` and the 3 octets of the conformance block",
    wire.Rest: "the octets of an APDU, up to the end",
}


def describe(word: Any, shared: dict[str, type]) -> str:
    """What a wire type puts on the wire, in the notation of the page; classes met on the way go into ``shared``."""
    if isinstance(word, type):
        shared[word.__name__] = word
        return f"[{word.__name__}](#{word.__name__.lower()})"
    match word:
        case wire.Fixed(letter, labels):
            return _fixed(letter) + _labels(labels)
        case wire.Octets(most, sizes):
            size = " or ".join(map(str, sizes)) if sizes else f"at most {most:,}"
            return f"LEN octets ({size})"
        case wire.Flagged(inner):
            return f"OPT({describe(wire.wire_of(inner), shared)})"
        case wire.SequenceOf():
            return f"LIST({describe(item_of(word).word, shared)})"
        case wire.Choice(alternatives):
            return "choice: " + "; ".join(f"`{one.tag:02X}` {one.name} {_inside(one, shared)}".rstrip() for one in alternatives)
        case wire.OnlyIf(field, equals, inner):
            condition = field.replace("_", "-")
            return f"{describe(wire.wire_of(inner), shared)}, only if {condition} is {equals}"
        case Context(tag, form, labels):
            return f"`{tag:02X}` LEN, {form.value}{_labels(labels)}"
    return _PLAIN[type(word)]


def _inside(one: wire.Alternative, shared: dict[str, type]) -> str:
    return "" if one.inner is None else f"({describe(part_of(one).word, shared)})"


def _fixed(letter: str) -> str:
    size = struct.calcsize(">" + letter)
    if letter.endswith("s"):
        return f"{size} octets"
    return f"{'i' if letter.islower() else 'u'}{8 * size}"


def _labels(labels: type[CodedEnum] | None) -> str:
    return f" ({labels.__name__})" if labels else ""
