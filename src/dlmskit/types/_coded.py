"""Enumerations of the standard: a number on the wire, a name in each XML style. The tables are in `dlmskit.types.enums`."""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Self, TypeVar


class CodedEnum(IntEnum):
    """An enumeration whose members know their names in XML and in text.

    A member is declared as its number, or as number, label, simple name, further names that are read but never written.
    A label left out is the member's name in kebab case; a simple name left out is the label in CamelCase.
    """

    label: str
    """The name of the standard's ASN.1, ``read-write-denied``."""
    simple: str
    """The name of the simple XML style, ``ReadWriteDenied``."""
    aliases: tuple[str, ...]
    """Names that other editions and tools write."""

    def __new__(cls, number: int, _label: str = "", _simple: str = "", *_aliases: str) -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        return member

    def __init__(self, _number: int, label: str = "", simple: str = "", *aliases: str) -> None:
        self.label = label or self._name_.lower().replace("_", "-")
        self.simple = simple or "".join(word[:1].upper() + word[1:] for word in self.label.split("-"))
        self.aliases = aliases


E_ = TypeVar("E_", bound=CodedEnum)


def member_or_int(enum: type[E_], number: int) -> E_ | int:
    """The member for a number, or the number itself where the standard does not name it."""
    return enum._value2member_map_.get(number, number)  # type: ignore[return-value]


def member_named(enum: type[E_], name: str) -> E_ | None:
    """The member with this label, simple name or alias, in any case; None where there is none."""
    return _by_name(enum).get(name.casefold())  # type: ignore[return-value]


@cache
def _by_name(enum: type[CodedEnum]) -> dict[str, CodedEnum]:
    return {name.casefold(): member for member in enum for name in (*member.aliases, member._name_, member.simple, member.label)}


def label_of(enum: type[CodedEnum], number: int) -> str:
    """The standard's name for a number, ``unknown(17)`` where it has none."""
    member = member_or_int(enum, number)
    return member.label if isinstance(member, CodedEnum) else f"unknown({number})"
