"""The reference pages of the interface classes: an index of all of them, and a page for each chapter of the Blue Book."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import NamedTuple

from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.registry import interface_classes


class Chapter(NamedTuple):
    """Classes that belong together."""

    page: str
    title: str
    class_ids: frozenset[int]


def _chapter(page: str, title: str, *class_ids: int) -> Chapter:
    return Chapter(f"classes-{page}.md", title, frozenset(class_ids))


CHAPTERS = (
    _chapter("measurement", "Parameters and measurement data", 1, 3, 4, 5, 6, 7, 26, 61, 62, 63, 66),
    _chapter("access", "Access control and management", 12, 15, 17, 18, 30, 40, 64, 122, 123, 124),
    _chapter("time-and-events", "Time and event bound control", 8, 9, 10, 11, 20, 21, 22, 65, 67, 68, 70, 71),
    _chapter("payment", "Payment metering", 111, 112, 113, 115, 116),
    _chapter("ports-and-modems", "Local ports and modems", 19, 23, 24, 27, 28, 29, 43, 45, 47, 151),
    _chapter("m-bus", "M-Bus", 25, 72, 73, 74, 76, 77),
    _chapter("internet", "Internet", 41, 42, 44, 46, 48, 100, 152, 153),
    _chapter("s-fsk", "S-FSK PLC and its LLC layers", 50, 51, 52, 53, 55, 56, 57, 58, 59, 80),
    _chapter("prime", "PRIME", *range(81, 87)),
    _chapter("g3", "G3-PLC", 90, 91, 92, 160, 161, 162),
    _chapter("hs-plc", "HS-PLC", *range(140, 144)),
    _chapter("mesh", "Wi-SUN and ZigBee", 95, 96, 97, 98, *range(101, 106)),
    _chapter("lpwan", "LPWAN and LoRaWAN", *range(126, 130)),
    _chapter("iso-14908", "ISO/IEC 14908", *range(130, 134)),
)

BEHAVES, HOLDS = "behaves", "holds values"


def status(declared: type[InterfaceClass]) -> str:
    """What an object does beside holding values of its types."""
    absent = [str(method.number) for method in declared.methods.values() if method.absent]
    computed = any(word.reader_name or word.writer_name for word in declared.attributes.values())
    kind = BEHAVES if computed or len(declared.methods) > len(absent) else HOLDS
    if not absent:
        return kind
    which = (
        "methods absent"
        if len(absent) == len(declared.methods)
        else f"method{'s' * (len(absent) > 1)} {', '.join(absent)} absent"
    )
    return f"{kind}; {which}"


def ours() -> list[type[InterfaceClass]]:
    """The classes of this package."""
    return [declared for declared in interface_classes().values() if declared.__module__.startswith("dlmskit.cosem.classes.")]


def index() -> list[str]:
    """Class id, version, name and status of every class, by chapter."""
    lines = [
        "# Interface classes",
        "",
        "What is declared in `dlmskit.cosem.classes`; other packages add theirs by entry point. A class that *behaves* computes,",
        "checks or does something; one that *holds values* keeps values of its types, and refuses others. A call of a method",
        "that is *absent* is answered with object-unavailable, and nobody has a right on it.",
    ]
    for chapter in CHAPTERS:
        lines += [
            "",
            f"## [{chapter.title}]({chapter.page})",
            "",
            "| class | version | name | status |",
            "| --- | --- | --- | --- |",
        ]
        for declared in _of(chapter):
            name = f"[{declared.name}]({chapter.page}#{_anchor(declared)})"
            lines.append(f"| {declared.class_id} | {declared.version} | {name} | {status(declared)} |")
    return lines


def page_of(chapter: Chapter) -> Callable[[], list[str]]:
    """The page of one chapter."""

    def page() -> list[str]:
        lines = [f"# {chapter.title}", "", "One of the chapters of [Interface classes](interface-classes.md)."]
        for declared in _of(chapter):
            lines += ["", f"## {_title(declared)}", "", _code((inspect.getdoc(declared) or "").partition("\n\n")[0]), ""]
            lines += [f"Status: {status(declared)}.", "", *_tables(declared)]
        return lines

    return page


def _tables(declared: type[InterfaceClass]) -> list[str]:
    lines = ["| attribute | name | type | kind |", "| --- | --- | --- | --- |"]
    for number, word in declared.attributes.items():
        kind = "secret" if word.secret else "dynamic" if word.dynamic else "static"
        lines.append(f"| {number} | {word.name} | `{word.notation}` | {kind} |")
    if declared.methods:
        lines += ["", "| method | name | parameter | result |  |", "| --- | --- | --- | --- | --- |"]
        for number, method in declared.methods.items():
            absent = "absent" if method.absent else ""
            lines.append(f"| {number} | {method.name} | `{method.parameter}` | `{method.result}` | {absent} |")
    return lines


def _of(chapter: Chapter) -> list[type[InterfaceClass]]:
    return [declared for declared in ours() if declared.class_id in chapter.class_ids]


def _title(declared: type[InterfaceClass]) -> str:
    return f"{declared.name}, class {declared.class_id}, version {declared.version}"


def _anchor(declared: type[InterfaceClass]) -> str:
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", _title(declared).lower())).strip("-")


def _code(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split()))
