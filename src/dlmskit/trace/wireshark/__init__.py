"""The Wireshark dissector that comes with the package, and the tables in it that are made from the declarations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dlmskit.apdu import DEDICATED_TAGS, GLOBAL_TAGS, declared_apdus
from dlmskit.codec.data_types import Tag
from dlmskit.types.enums import ActionResult, ApplicationContext, DataAccessResult, Mechanism

DISSECTOR = Path(__file__).with_name("dlmskit.lua")
"""A Lua script for ``wireshark`` and ``tshark``."""
_BEGIN, _END = "-- tables: made by scripts/wireshark_tables.py\n", "-- end of the tables\n"


def lua_tables() -> str:
    """The tables, as Lua."""
    names: dict[int, str] = {}
    choices: dict[int, dict[int, str]] = {}
    for declared in declared_apdus():
        tag = declared.head[0]
        names[tag] = declared.service_name
        if len(declared.head) > 1:
            choices.setdefault(tag, {})[declared.head[1]] = declared.alternative_name
    plain = {protected: plain for tags in (GLOBAL_TAGS, DEDICATED_TAGS) for plain, protected in tags.items()}
    lines = [
        _table("APDUS", names.items()),
        "local CHOICES = {",
        *(f"  [0x{tag:02X}] = {{ {_entries(found.items())} }}," for tag, found in choices.items()),
        "}",
        _table("CIPHERED", ((tag, names.get(tag, "ciphered")) for tag in sorted(plain))),
        _table("DATA_TYPES", ((int(tag), tag.name.lower().replace("_", "-")) for tag in Tag)),
        _table("ACCESS_RESULTS", ((int(one), one.label) for one in DataAccessResult)),
        _table("ACTION_RESULTS", ((int(one), one.label) for one in ActionResult)),
        _table("MECHANISMS", ((int(one), one.label) for one in Mechanism)),
        _table("CONTEXTS", ((int(one), one.label) for one in ApplicationContext)),
    ]
    return "\n".join(lines) + "\n"


def _table(name: str, entries: Iterable[tuple[int, str]]) -> str:
    return f"local {name} = {{\n" + "".join(f'  [0x{number:02X}] = "{text}",\n' for number, text in entries) + "}"


def _entries(entries: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f'[{number}] = "{text}"' for number, text in entries)


def with_tables(script: str) -> str:
    """The script with its tables as the declarations give them."""
    head, _, rest = script.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}{lua_tables()}{_END}{tail}"
