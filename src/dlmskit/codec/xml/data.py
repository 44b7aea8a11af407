"""COSEM data as XML and back, both styles (Green Book `Data`; element names in `dlmskit.codec.data_types`).

An element whose octets are not those that its text would be written as (long spellings of a length, TRUE as FF, text that
XML cannot hold) carries them in ``Raw``. On reading, ``Raw`` has to belong to the value beside it, or the element is refused.
"""

from __future__ import annotations

import re
import struct

from lxml import etree

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.contents import read_compact_array
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import BY_NAME, DATA_TYPES, DataType, Tag
from dlmskit.codec.encode import encode_simple
from dlmskit.codec.reader import read_bit_length, read_length, write_length
from dlmskit.codec.skip import DEEPEST
from dlmskit.codec.xml.parse import fail, local_name
from dlmskit.codec.xml.style import Style, parse_hex, parse_truth
from dlmskit.errors import EncodeError
from dlmskit.limits import Limits
from dlmskit.types.bits import BitString

_CONTAINERS = (Tag.ARRAY, Tag.STRUCTURE)
_TEXT = (Tag.VISIBLE_STRING, Tag.UTF8_STRING)
_OCTETS = (Tag.OCTET_STRING, Tag.DATE_TIME, Tag.DATE, Tag.TIME)
_FLOATS = (Tag.FLOAT32, Tag.FLOAT64)
_BY_SIMPLE = {kind.simple: kind for kind in DATA_TYPES.values()}
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def write_data(style: Style, parent: etree._Element, octets: bytes, at: int = 0) -> int:
    """Append the checked data that starts at ``at``; return the offset behind it."""
    kind = DATA_TYPES[octets[at]]
    element = style.child(parent, style.data_name(kind))
    start = at
    if kind.tag in _CONTAINERS:
        count, at = read_length(octets, at + 1)
        canonical = octets[start:at] == bytes((kind.tag,)) + write_length(count)
        style.count(element, count)
        for _ in range(count):
            at = write_data(style, element, octets, at)
    elif kind.tag == Tag.COMPACT_ARRAY:
        at = _write_compact_array(style, element, octets, at + 1)
        canonical = octets[start:at] == _read_compact_array(style, element)
    else:
        content, at = _content(kind, octets, at + 1)
        text = _text(style, kind, content)
        if text is not None:
            style.put(element, _NOT_IN_XML.sub("\ufffd", text))
        canonical = octets[start:at] == _canonical(kind, text, content)
    if not canonical:
        element.set("Raw", octets[start:at].hex().upper())
    return at


def read_data(style: Style, element: etree._Element, limits: Limits, depth: int = 0) -> bytes:
    """The octets of the data of one element. Raises DecodeError."""
    if depth > limits.data_depth:
        fail(element, f"nesting too deep: at most {limits.data_depth} levels are allowed")
    kind = kind_of(style, element)
    if kind is None:
        fail(element, "no COSEM data type has this name")
    raw = element.get("Raw")
    if raw is not None:
        return _read_raw(style, element, parse_hex(element, raw), limits)
    try:
        if kind.tag in _CONTAINERS:
            parts = [read_data(style, child, limits, depth + 1) for child in element]
            return bytes((kind.tag,)) + write_length(len(parts)) + b"".join(parts)
        if kind.tag == Tag.COMPACT_ARRAY:
            return _read_compact_array(style, element)
        return bytes((kind.tag,)) + _parse(style, kind, element)
    except EncodeError as error:
        fail(element, str(error))


def kind_of(style: Style, element: etree._Element) -> DataType | None:
    """The data type that an element is named after; None for any other element."""
    names = _BY_SIMPLE if style.simple else BY_NAME
    return names.get(local_name(element))


# --- Simple types -------------------------------------------------------------------------------------------------------


def _content(kind: DataType, octets: bytes, at: int) -> tuple[bytes, int]:
    """The octets of a simple value, of a bit-string with its length, and the offset behind."""
    if kind.size is not None:
        return octets[at : at + kind.size], at + kind.size
    if kind.tag == Tag.BIT_STRING:
        _, size, behind = read_bit_length(octets, at)
        return octets[at : behind + size], behind + size
    length, at = read_length(octets, at)
    return octets[at : at + length], at + length


def _text(style: Style, kind: DataType, content: bytes) -> str | None:
    """The text of a simple value; None for types without a value."""
    if kind.size == 0:
        return None
    if kind.tag in _TEXT:
        return content.decode("ascii" if kind.tag == Tag.VISIBLE_STRING else "utf-8", "replace")
    if kind.tag == Tag.BOOLEAN:
        return style.truth(content != b"\0")
    if kind.tag == Tag.BIT_STRING:
        bits, size, at = read_bit_length(content, 0)
        return str(BitString.from_octets(content[at : at + size], bits))
    if kind.tag in _OCTETS or kind.tag in _FLOATS:
        return content.hex().upper()
    return style.number(int.from_bytes(content, "big", signed=_signed(kind)), len(content))


def _canonical(kind: DataType, text: str | None, content: bytes) -> bytes:
    """The octets that reading the text would give; anything else than the real octets where XML cannot hold the text."""
    if kind.tag in _TEXT and text is not None:
        encoded = text.encode("utf-8")
        return (
            b"" if _NOT_IN_XML.search(text) or encoded != content else bytes((kind.tag,)) + write_length(len(encoded)) + encoded
        )
    if kind.tag == Tag.BOOLEAN:
        return bytes((kind.tag, content != b"\0"))
    if kind.tag == Tag.BIT_STRING:
        return bytes((kind.tag,)) + encode_simple(kind.tag, text)
    if kind.tag == Tag.OCTET_STRING:
        return bytes((kind.tag,)) + write_length(len(content)) + content
    return bytes((kind.tag,)) + content


def _parse(style: Style, kind: DataType, element: etree._Element) -> bytes:
    """The octets behind the tag of a simple value."""
    if len(element):
        fail(element, f"{kind.name} holds no elements")
    text = style.get(element) or ""
    if kind.tag in _TEXT:
        return encode_simple(kind.tag, text)
    text = text.strip()
    if kind.size == 0:
        return b"" if not text else fail(element, f"{kind.name} has no value")
    if kind.tag == Tag.BOOLEAN:
        return bytes((parse_truth(element, text),))
    if kind.tag == Tag.BIT_STRING:
        return encode_simple(kind.tag, text)
    if kind.tag in _OCTETS:
        return encode_simple(kind.tag, parse_hex(element, text))
    size = kind.size or 0
    if kind.tag in _FLOATS:
        return _parse_float(element, kind, text, size)
    return style.parse_number(element, text, size, signed=_signed(kind)).to_bytes(size, "big", signed=_signed(kind))


def _parse_float(element: etree._Element, kind: DataType, text: str, size: int) -> bytes:
    """Hexadecimal of the whole size as it is written, or a decimal number as other translators have it."""
    if len(text) == 2 * size:
        return parse_hex(element, text)
    try:
        return struct.pack(">" + kind.letter, float(text))
    except (ValueError, OverflowError):
        fail(element, f"{text!r:.40} is no {kind.name}")


def _signed(kind: DataType) -> bool:
    """Whether XML shows a sign. A bcd is two digits: the standard calls it Integer8, translators write its octet."""
    return kind.letter.islower() and kind.tag != Tag.BCD


# --- Raw ----------------------------------------------------------------------------------------------------------------


def _read_raw(style: Style, element: etree._Element, raw: bytes, limits: Limits) -> bytes:
    """The octets in ``Raw``, if the element is what they would be written as."""
    Data.decode(raw, limits)
    around = style.root("Raw")
    write_data(style, around, raw)
    if not _same(style, element, around[0]):
        fail(element, "Raw is not a spelling of this value: change both, or leave Raw out")
    return raw


def _same(style: Style, one: etree._Element, other: etree._Element) -> bool:
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if one.tag != other.tag or len(one) != len(other) or (style.get(one) or "") != (style.get(other) or ""):
            return False
        pairs += zip(one, other, strict=True)
    return True


# --- compact-array ------------------------------------------------------------------------------------------------------


def _write_compact_array(style: Style, element: etree._Element, octets: bytes, at: int) -> int:
    parts = read_compact_array(octets, at, DEEPEST)
    names = _NAMES[style.name]
    _write_description(style, style.child(element, names["description"]), parts.description)
    style.put(style.child(element, names["contents"]), octets[parts.start : parts.end].hex().upper())
    return parts.end


def _write_description(style: Style, parent: etree._Element, description: TypeDescription) -> None:
    element = style.child(parent, style.data_name(DATA_TYPES[description.tag]))
    if description.tag == Tag.ARRAY:
        if style.simple:
            element.set("Qty", f"{description.number:04X}")
        else:
            style.put(style.child(element, "number-of-elements"), str(description.number))
            element = style.child(element, "type-description")
    for member in description.members:
        _write_description(style, element, member)


def _read_compact_array(style: Style, element: etree._Element) -> bytes:
    names = _NAMES[style.name]
    if [local_name(child) for child in element] != list(names.values()) or len(element[0]) != 1:
        fail(element, f"holds {names['description']} with one type, and {names['contents']}")
    description = _read_description(style, element[0][0])
    contents = parse_hex(element[1], style.get(element[1]) or "")
    return bytes((Tag.COMPACT_ARRAY,)) + description.encode() + write_length(len(contents)) + contents


def _read_description(style: Style, element: etree._Element) -> TypeDescription:
    """A type and those inside it; how deep elements may go was bounded when they were parsed."""
    kind = kind_of(style, element)
    if kind is None:
        fail(element, "no type of a compact-array")
    if kind.tag == Tag.STRUCTURE:
        return TypeDescription.structure(*(_read_description(style, child) for child in element))
    if kind.tag != Tag.ARRAY:
        return TypeDescription.simple(kind.tag)
    if style.simple:
        number, inner = element.get("Qty", ""), element
    elif [local_name(child) for child in element] == ["number-of-elements", "type-description"]:
        number, inner = style.get(element[0]) or "", element[1]
    else:
        fail(element, "holds number-of-elements and type-description")
    if len(inner) != 1:
        fail(inner, "holds one type")
    count = style.parse_number(element, number.strip(), 2, signed=False)
    return TypeDescription.array(count, _read_description(style, inner[0]))


_NAMES = {
    "simple": {"description": "ContentsDescription", "contents": "ArrayContents"},
    "standard": {"description": "contents-description", "contents": "array-contents"},
}
