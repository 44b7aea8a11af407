"""Values that are one text in XML: numbers, labels, octets, bits, object identifiers, for A-XDR and BER words alike.

A value that its text does not give back exactly comes with its octets, which go into the attribute ``Raw``.
"""

from __future__ import annotations

import struct
from typing import Any

from lxml import etree

from dlmskit.codec import wire
from dlmskit.codec.ber import INTEGER, Context, Form, integer_octets
from dlmskit.codec.xml.parse import fail
from dlmskit.codec.xml.style import Style, label, parse_hex, parse_label, parse_truth
from dlmskit.errors import ConfigError
from dlmskit.types.bits import BitString
from dlmskit.types.enums import member_named

SCALARS = (wire.Fixed, wire.Boolean, wire.Octets, wire.DateTimeOctets, wire.EventTime, wire.DefaultTrue)
"""The A-XDR words that are one text; of BER those whose form is in `SCALAR_FORMS`."""
SCALAR_FORMS = {
    Form.IMPLICIT_BITS,
    Form.IMPLICIT_IDENTIFIER,
    Form.IMPLICIT_INTEGER,
    Form.INTEGER,
    Form.OCTETS,
    Form.IDENTIFIER,
}

NUMBER = Context(INTEGER, Form.INTEGER)
"""An integer of BER by itself."""


def is_scalar(word: Any) -> bool:
    """Whether a wire type is one text in XML."""
    return word.form in SCALAR_FORMS if isinstance(word, Context) else isinstance(word, SCALARS)


def scalar_text(style: Style, word: Any, value: Any, *, number: bool = False) -> tuple[str, bytes | None]:
    """The text of a value and, where the text is not enough, its octets. ``number`` leaves out labels."""
    if isinstance(word, Context):
        return _context_text(style, word, value, number=number)
    if isinstance(value, bytes):
        return value.hex().upper(), None
    if isinstance(word, wire.DefaultTrue):
        return style.truth(value), None
    size = 1 if isinstance(word, wire.Boolean) else struct.calcsize(">" + word.letter)
    if isinstance(word, wire.Fixed) and word.labels and not number:
        return label(style, word.labels, value, size), None
    return style.number(int(value), size), None


def parse_scalar(style: Style, word: Any, element: etree._Element, text: str) -> Any:
    """The value of a text. Raises DecodeError."""
    raw = element.get("Raw")
    if isinstance(word, Context):
        return _parse_context(style, word, element, text, None if raw is None else parse_hex(element, raw))
    if raw is not None:
        fail(element, "Raw has no meaning here")
    if isinstance(word, wire.DefaultTrue):
        return parse_truth(element, text)
    if isinstance(word, wire.Boolean):
        return _parse_boolean(style, element, text)
    if not isinstance(word, wire.Fixed) or word.letter.endswith("s"):
        return parse_hex(element, text)
    size = struct.calcsize(">" + word.letter)
    if word.labels:
        return parse_label(style, word.labels, element, text, size)
    if word.letter == "h" and text.isdecimal() and 0x8000 <= int(text[:8]) <= 0xFFFF:
        return int(text) - 0x10000  # ObjectName: other translators write it without a sign
    return style.parse_number(element, text, size, signed=word.letter.islower())


def _parse_boolean(style: Style, element: etree._Element, text: str) -> bool | int:
    if text.lower() in {"true", "false"}:
        return parse_truth(element, text)
    number = style.parse_number(element, text, 1, signed=False)
    return number if number > 1 else number == 1


def _context_text(style: Style, word: Context, value: Any, *, number: bool) -> tuple[str, bytes | None]:
    if word.form is Form.IMPLICIT_BITS:
        bits = _bits(value)
        return (bits, None) if bits is not None else ("", value)
    if word.form is Form.OCTETS:
        return value.hex().upper(), None
    if word.form in {Form.IDENTIFIER, Form.IMPLICIT_IDENTIFIER}:
        if word.labels and len(value) == len(word.prefix) + 1 and value.startswith(word.prefix):
            last: int = value[-1]
            return (label(style, word.labels, last, 1) if style.simple else str(last)), None
        return "", value
    if word.labels and not number:
        return label(style, word.labels, value, len(integer_octets(value))), None
    return style.number(value, len(integer_octets(value))), None


def _parse_context(style: Style, word: Context, element: etree._Element, text: str, raw: bytes | None) -> Any:
    if word.form is Form.OCTETS:
        return parse_hex(element, text)
    if word.form is Form.IMPLICIT_BITS:
        return raw if raw is not None else _parse_bits(element, text)
    if word.form in {Form.IDENTIFIER, Form.IMPLICIT_IDENTIFIER}:
        if raw is not None or word.labels is None:
            return raw or b""
        return word.prefix + bytes((parse_label(style, word.labels, element, text, 1),))
    member = member_named(word.labels, text) if word.labels else None
    if member is not None:
        return int(member)
    return style.parse_number(element, text, max(len(text) + 1 >> 1, 1) if style.simple else 8, signed=True)


def _bits(octets: bytes) -> str | None:
    """The bits of a BER bit string; None where its octets are not what the bits would be written as."""
    if not octets or octets[0] > 7 or (octets[0] and len(octets) == 1):
        return None
    bits = BitString.from_octets(octets[1:], 8 * (len(octets) - 1) - octets[0])
    return str(bits) if bits.octets() == octets[1:] else None


def _parse_bits(element: etree._Element, text: str) -> bytes:
    try:
        bits = BitString(text)
    except ConfigError:
        fail(element, f"{text!r:.40} is not written in 0 and 1")
    return bytes((-len(bits) % 8,)) + bits.octets()
