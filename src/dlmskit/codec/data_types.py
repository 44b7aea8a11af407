"""The types of COSEM data, declared once (Green Book, `Data` CHOICE; tags are the CHOICE's context numbers).

Encoder, decoder, both XML styles, the type notation of the interface classes and the test strategies all read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Tag(IntEnum):
    """Tags of COSEM data. 7, 8, 11 and 14 are not used."""

    NULL_DATA = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DELTA_INTEGER = 28
    DELTA_LONG = 29
    DELTA_DOUBLE_LONG = 30
    DELTA_UNSIGNED = 31
    DELTA_LONG_UNSIGNED = 32
    DELTA_DOUBLE_LONG_UNSIGNED = 33
    DONT_CARE = 255


@dataclass(frozen=True, slots=True)
class DataType:
    """One type of COSEM data."""

    tag: Tag
    name: str
    """Name of the standard, also its element in the standard XML style."""
    simple: str
    """Element in the simple XML style."""
    letter: str = ""
    """The value in the letters of `struct` where it has a fixed size, ``""`` where it has not."""
    size: int | None = None
    """Octets of the value behind the tag; None where a length or count says it."""


_TABLE = (
    (0, "null-data", "None", "", 0),
    (1, "array", "Array", "", None),
    (2, "structure", "Structure", "", None),
    (3, "boolean", "Boolean", "B", 1),
    (4, "bit-string", "BitString", "", None),
    (5, "double-long", "Int32", "i", 4),
    (6, "double-long-unsigned", "UInt32", "I", 4),
    (9, "octet-string", "OctetString", "", None),
    (10, "visible-string", "String", "", None),
    (12, "utf8-string", "StringUTF8", "", None),
    (13, "bcd", "BCD", "b", 1),
    (15, "integer", "Int8", "b", 1),
    (16, "long", "Int16", "h", 2),
    (17, "unsigned", "UInt8", "B", 1),
    (18, "long-unsigned", "UInt16", "H", 2),
    (19, "compact-array", "CompactArray", "", None),
    (20, "long64", "Int64", "q", 8),
    (21, "long64-unsigned", "UInt64", "Q", 8),
    (22, "enum", "Enum", "B", 1),
    (23, "float32", "Float32", "f", 4),
    (24, "float64", "Float64", "d", 8),
    (25, "date-time", "DateTime", "12s", 12),
    (26, "date", "Date", "5s", 5),
    (27, "time", "Time", "4s", 4),
    (28, "delta-integer", "DeltaInt8", "b", 1),
    (29, "delta-long", "DeltaInt16", "h", 2),
    (30, "delta-double-long", "DeltaInt32", "i", 4),
    (31, "delta-unsigned", "DeltaUInt8", "B", 1),
    (32, "delta-long-unsigned", "DeltaUInt16", "H", 2),
    (33, "delta-double-long-unsigned", "DeltaUInt32", "I", 4),
    (255, "dont-care", "DontCare", "", 0),
)

DATA_TYPES: dict[int, DataType] = {
    tag: DataType(Tag(tag), name, simple, letter, size) for tag, name, simple, letter, size in _TABLE
}
"""Every data type by its tag."""

BY_NAME: dict[str, DataType] = {kind.name: kind for kind in DATA_TYPES.values()}
"""Every data type by the standard's name."""
