"""One constructor of `Data` per type, named after the standard; each refuses with `EncodeError` what the type cannot hold.

A mixin of `dlmskit.codec.data.Data`; the work is done by `dlmskit.codec.encode`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from dlmskit.codec.data_types import BY_NAME, DATA_TYPES, Tag
from dlmskit.codec.encode import encode_simple
from dlmskit.codec.plain import DONT_CARE
from dlmskit.errors import EncodeError
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime


class Constructors:
    """Mixin: the simple types."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __init__(self, octets: bytes) -> None: ...

    @classmethod
    def of(cls, kind: str | int, value: Any) -> Self:
        """Any simple type by its tag or its name in the standard, as ``Data.of("long-unsigned", 5)``."""
        found = BY_NAME.get(kind) if isinstance(kind, str) else DATA_TYPES.get(kind)
        if found is None:
            raise EncodeError(f"{kind!r} is no data type")
        return cls(bytes((found.tag,)) + encode_simple(found.tag, value))

    @classmethod
    def null(cls) -> Self:
        """null-data."""
        return cls(b"\x00")

    @classmethod
    def dont_care(cls) -> Self:
        """dont-care."""
        return cls.of(Tag.DONT_CARE, DONT_CARE)

    @classmethod
    def boolean(cls, value: bool) -> Self:
        """True is written as 01."""
        return cls.of(Tag.BOOLEAN, value)

    @classmethod
    def bit_string(cls, value: BitString | str) -> Self:
        """Bits, or their text in 0 and 1."""
        return cls.of(Tag.BIT_STRING, value)

    @classmethod
    def double_long(cls, value: int) -> Self:
        """Signed, 32 bits."""
        return cls.of(Tag.DOUBLE_LONG, value)

    @classmethod
    def double_long_unsigned(cls, value: int) -> Self:
        """Unsigned, 32 bits."""
        return cls.of(Tag.DOUBLE_LONG_UNSIGNED, value)

    @classmethod
    def octet_string(cls, value: Any) -> Self:
        """Octets, or a value that keeps them: Obis, SystemTitle, CosemDateTime."""
        return cls.of(Tag.OCTET_STRING, value)

    @classmethod
    def visible_string(cls, value: str | bytes) -> Self:
        """ASCII text; octets are taken as they are."""
        return cls.of(Tag.VISIBLE_STRING, value)

    @classmethod
    def utf8_string(cls, value: str | bytes) -> Self:
        """Text; octets are taken as they are."""
        return cls.of(Tag.UTF8_STRING, value)

    @classmethod
    def bcd(cls, value: int) -> Self:
        """One octet of two digits, as the signed number that the standard makes of it."""
        return cls.of(Tag.BCD, value)

    @classmethod
    def integer(cls, value: int) -> Self:
        """Signed, 8 bits."""
        return cls.of(Tag.INTEGER, value)

    @classmethod
    def long(cls, value: int) -> Self:
        """Signed, 16 bits."""
        return cls.of(Tag.LONG, value)

    @classmethod
    def unsigned(cls, value: int) -> Self:
        """Unsigned, 8 bits."""
        return cls.of(Tag.UNSIGNED, value)

    @classmethod
    def long_unsigned(cls, value: int) -> Self:
        """Unsigned, 16 bits."""
        return cls.of(Tag.LONG_UNSIGNED, value)

    @classmethod
    def long64(cls, value: int) -> Self:
        """Signed, 64 bits."""
        return cls.of(Tag.LONG64, value)

    @classmethod
    def long64_unsigned(cls, value: int) -> Self:
        """Unsigned, 64 bits."""
        return cls.of(Tag.LONG64_UNSIGNED, value)

    @classmethod
    def enum(cls, value: int) -> Self:
        """0 to 255."""
        return cls.of(Tag.ENUM, value)

    @classmethod
    def float32(cls, value: float) -> Self:
        """IEEE 754 single; rounded to it."""
        return cls.of(Tag.FLOAT32, value)

    @classmethod
    def float64(cls, value: float) -> Self:
        """IEEE 754 double."""
        return cls.of(Tag.FLOAT64, value)

    @classmethod
    def date_time(cls, value: CosemDateTime | bytes) -> Self:
        """Tag 25; most attributes take `octet_string` of the same 12 octets."""
        return cls.of(Tag.DATE_TIME, value)

    @classmethod
    def date(cls, value: CosemDate | bytes) -> Self:
        """Tag 26, 5 octets."""
        return cls.of(Tag.DATE, value)

    @classmethod
    def time(cls, value: CosemTime | bytes) -> Self:
        """Tag 27, 4 octets."""
        return cls.of(Tag.TIME, value)

    @classmethod
    def delta_integer(cls, value: int) -> Self:
        """Difference, signed, 8 bits."""
        return cls.of(Tag.DELTA_INTEGER, value)

    @classmethod
    def delta_long(cls, value: int) -> Self:
        """Difference, signed, 16 bits."""
        return cls.of(Tag.DELTA_LONG, value)

    @classmethod
    def delta_double_long(cls, value: int) -> Self:
        """Difference, signed, 32 bits."""
        return cls.of(Tag.DELTA_DOUBLE_LONG, value)

    @classmethod
    def delta_unsigned(cls, value: int) -> Self:
        """Difference, unsigned, 8 bits."""
        return cls.of(Tag.DELTA_UNSIGNED, value)

    @classmethod
    def delta_long_unsigned(cls, value: int) -> Self:
        """Difference, unsigned, 16 bits."""
        return cls.of(Tag.DELTA_LONG_UNSIGNED, value)

    @classmethod
    def delta_double_long_unsigned(cls, value: int) -> Self:
        """Difference, unsigned, 32 bits."""
        return cls.of(Tag.DELTA_DOUBLE_LONG_UNSIGNED, value)
