"""Words of the plain Python side of COSEM data: values that Python has no type for, and what text types hold.

Shared by the general decoder and by the layouts of profile rows, so that both give the same values.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime


class Delta(int):
    """A difference to the value of the row before, as the delta types (28 to 33) carry it; not a value by itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Delta({int(self)})"


class DontCare(Enum):
    """The type of `DONT_CARE`."""

    DONT_CARE = 255

    def __repr__(self) -> str:
        return "DONT_CARE"


DONT_CARE: Final = DontCare.DONT_CARE
"""The value of dont-care (tag 255)."""


def visible_string(octets: bytes) -> str | bytes:
    """Its text; the octets themselves where one is over 7F (R-012)."""
    return octets.decode("ascii") if octets.isascii() else octets


def utf8_string(octets: bytes) -> str | bytes:
    """Its text; the octets themselves where they are no UTF-8 (R-012)."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets


CONVERTERS: dict[int, Callable[[Any], Any]] = {
    Tag.BOOLEAN: bool,
    Tag.VISIBLE_STRING: visible_string,
    Tag.UTF8_STRING: utf8_string,
    Tag.DATE_TIME: CosemDateTime,
    Tag.DATE: CosemDate,
    Tag.TIME: CosemTime,
    **{tag: Delta for tag in DATA_TYPES if Tag.DELTA_INTEGER <= tag <= Tag.DELTA_DOUBLE_LONG_UNSIGNED},
}
"""What is done to the number or octets that `struct` gives, for types whose value is another."""
