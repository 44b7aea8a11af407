"""Plain Python values to the octets behind a data tag, for every type that is not a container.

A type refuses what it cannot hold: numbers out of range, a bool where a number belongs, a float where an integer does.
Decoding and encoding again gives the same value; octets that a text type should not hold are written back unchanged.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.reader import write_length
from dlmskit.errors import ConfigError, EncodeError
from dlmskit.types.bits import BitString

Encoder = Callable[[Any], bytes]


def encode_simple(tag: int, value: Any) -> bytes:
    """The octets behind the tag of a simple type. Raises `EncodeError` naming the type."""
    encoder = _ENCODERS.get(tag)
    if encoder is None:
        raise EncodeError(f"tag {tag} is no simple data type")
    return encoder(value)


def _number(tag: int, letter: str) -> Encoder:
    name, pack = DATA_TYPES[tag].name, struct.Struct(">" + letter).pack
    integral = letter not in "fd"

    def encode(value: Any) -> bytes:
        if isinstance(value, (bool, str, bytes)) or (integral and isinstance(value, float)):
            raise EncodeError(f"{name}: {value!r:.60} is no {'integer' if integral else 'number'}")
        try:
            return pack(value)
        except (struct.error, OverflowError, TypeError) as error:
            raise EncodeError(f"{name}: {value!r:.60} does not fit") from error

    return encode


def _boolean(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise EncodeError(f"boolean: {value!r:.60} is neither True nor False")
    return b"\x01" if value else b"\x00"


def _nothing(name: str, wanted: Any) -> Encoder:
    def encode(value: Any) -> bytes:
        if value is not wanted:
            raise EncodeError(f"{name}: {value!r:.60} is not {wanted!r}")
        return b""

    return encode


def _octets_of(name: str, value: Any) -> bytes:
    """The octets of a value: its own, or those of one of our types that keeps them (Obis, CosemDateTime, ...)."""
    octets = getattr(value, "octets", value)
    if not isinstance(octets, (bytes, bytearray, memoryview)):
        raise EncodeError(f"{name}: {value!r:.60} is not octets")
    return bytes(octets)


def _octet_string(value: Any) -> bytes:
    octets = _octets_of("octet-string", value)
    return write_length(len(octets)) + octets


def _text(name: str, encoding: str) -> Encoder:
    def encode(value: Any) -> bytes:
        if isinstance(value, str):
            try:
                octets = value.encode(encoding)
            except UnicodeEncodeError:
                raise EncodeError(f"{name}: {value!r:.60} has characters that the type cannot hold") from None
        else:
            octets = _octets_of(name, value)
        return write_length(len(octets)) + octets

    return encode


def _sized(name: str, size: int) -> Encoder:
    def encode(value: Any) -> bytes:
        octets = _octets_of(name, value)
        if len(octets) != size:
            raise EncodeError(f"{name}: {len(octets)} octets, it takes {size}")
        return octets

    return encode


def _bit_string(value: Any) -> bytes:
    try:
        bits = value if isinstance(value, BitString) else BitString(value)
    except (ConfigError, TypeError):
        raise EncodeError(f"bit-string: {value!r:.60} is not written in 0 and 1") from None
    return write_length(len(bits)) + bits.octets()


def _dont_care(value: Any) -> bytes:
    if getattr(value, "name", "") != "DONT_CARE":
        raise EncodeError(f"dont-care: {value!r:.60} is not DONT_CARE")
    return b""


_ENCODERS: dict[int, Encoder] = {
    **{tag: _number(tag, kind.letter) for tag, kind in DATA_TYPES.items() if kind.letter and "s" not in kind.letter},
    Tag.NULL_DATA: _nothing("null-data", None),
    Tag.BOOLEAN: _boolean,
    Tag.BIT_STRING: _bit_string,
    Tag.OCTET_STRING: _octet_string,
    Tag.VISIBLE_STRING: _text("visible-string", "ascii"),
    Tag.UTF8_STRING: _text("utf8-string", "utf-8"),
    Tag.DATE_TIME: _sized("date-time", 12),
    Tag.DATE: _sized("date", 5),
    Tag.TIME: _sized("time", 4),
    Tag.DONT_CARE: _dont_care,
}
