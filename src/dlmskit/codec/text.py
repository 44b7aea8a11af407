"""Any APDU or COSEM data as one line for logs: readable, bounded, never failing, without secrets.

Left out are keys, passwords and challenges, contents of blocks and of protected APDUs, and texts and octets of data that go
to an attribute or method that takes secrets, or to a short name, which does not say what it is. What a server sends from a
readable attribute is shown. Long data is cut.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import msgspec

from dlmskit.codec import wire
from dlmskit.codec.ber import Context, Form, dotted
from dlmskit.codec.data import Data, Delta, decode_value
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.reader import read_bit_length, read_length
from dlmskit.codec.schema import Apdu
from dlmskit.codec.skip import skip_data
from dlmskit.codec.walk import Part, chosen, item_of, part_of, values_of
from dlmskit.errors import DlmsError
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import label_of

SECRET_ATTRIBUTES = frozenset({(15, 7), (19, 7), (19, 8), (19, 9), (44, 5), (46, 4), (91, 5), (100, 6), (100, 7)}) | {
    (101, 10),
    (101, 11),
    (140, 8),
}
"""(class, attribute) of secrets, passwords and keys in clear: Association LN, local port, PPP, SMTP, NTP, PLC, ZigBee."""
SECRET_METHODS = frozenset({(12, 5), (12, 6), (15, 2), (72, 7), (100, 2), (104, 8), (104, 9)})
"""(class, method) that take secrets in clear: the change_secret methods, keys of M-Bus, NTP and ZigBee."""

_BULK = 256
"""Octet strings that may be longer than this carry parts of messages: only their size is shown."""
_SHOWN = 16
"""Most octets that are shown one by one."""
_SHORT_NAMES = {"writeRequest", "unconfirmedWriteRequest", "readRequest"}
_BAD = (DlmsError, struct.error, TypeError, ValueError, AttributeError, LookupError)


class _Full(Exception):
    """Enough has been written."""


def one_line(value: Apdu | Data, *, decode: Callable[[bytes], Apdu] | None = None, width: int = 200) -> str:
    """One line of at most ``width`` characters. With ``decode`` an APDU inside is shown too, else its size."""
    writer = _Line(decode, width)
    try:
        if isinstance(value, Data):
            writer.data(value.octets)
        else:
            writer.apdu(value)
    except _Full:
        pass
    except _BAD as error:
        writer.parts.append(f" <cannot be shown: {type(error).__name__}>")
    text = "".join(writer.parts)
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."


class _Line:
    """Collects the pieces of one line."""

    def __init__(self, decode: Callable[[bytes], Apdu] | None, width: int) -> None:
        self.decode = decode
        self.left = width
        self.hide = False
        self.nesting = 0
        self.parts: list[str] = []

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.left -= len(text)
        if self.left < 0:
            raise _Full

    def apdu(self, apdu: Apdu) -> None:
        outer, self.hide = self.hide, self.hide or apdu.service_name in _SHORT_NAMES or _takes_secret(apdu)
        self.put(apdu.alternative_name or apdu.service_name)
        self.fields(apdu, " ")
        self.hide = outer

    def fields(self, value: Any, opening: str) -> None:
        """``name=value`` for each part that is there."""
        for part, content in values_of(value):
            if content is None and not isinstance(part.word, wire.Choice):
                continue
            self.put(opening)
            opening = " "
            if part.standard:
                self.put(part.standard[-1] + "=")
            self.value(part, content)

    def value(self, part: Part, value: Any) -> None:
        word = part.word
        if isinstance(word, wire.Flagged | wire.OnlyIf):
            self.value(part.holding(word.inner), value)
        elif isinstance(word, wire.Choice):
            alternative = part_of(chosen(word, value))
            self.put(alternative.standard[0])
            if alternative.word is not None:
                self.put(":")
                self.value(alternative, value)
        elif isinstance(word, wire.SequenceOf):
            item = item_of(word)
            self.put("[")
            for index, one in enumerate(value):
                self.put(", " if index else "")
                self.value(item, one)
            self.put("]")
        elif isinstance(word, type):
            bare = len(word.__annotations__) == 1
            self.put("" if bare else "{")
            self.fields(value, "")
            self.put("" if bare else "}")
        elif isinstance(word, wire.CosemData):
            self.data(value.octets)
        elif isinstance(word, wire.Rest) or (isinstance(word, Context) and word.form is Form.APDU):
            self.carried(value)
        else:
            self.put(_simple(word, value))

    def carried(self, octets: bytes) -> None:
        """An APDU inside."""
        try:
            inner = self.decode(octets) if self.decode and self.nesting < 4 else None
        except _BAD:
            inner = None
        if inner is None:
            self.put(f"<{len(octets)} octets>")
            return
        self.nesting += 1
        self.put("(")
        self.apdu(inner)
        self.put(")")
        self.nesting -= 1

    def data(self, octets: bytes, at: int = 0, depth: int = 0) -> int:
        """One COSEM data; returns the offset behind it."""
        tag = octets[at]
        if tag in {Tag.ARRAY, Tag.STRUCTURE}:
            if depth > 32:
                self.put("...")
                raise _Full
            count, at = read_length(octets, at + 1)
            self.put("[" if tag == Tag.ARRAY else "{")
            for index in range(count):
                self.put(", " if index else "")
                at = self.data(octets, at, depth + 1)
            self.put("]" if tag == Tag.ARRAY else "}")
            return at
        name = DATA_TYPES[tag].name
        if tag in {Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING}:
            size, at = read_length(octets, at + 1)
            content = octets[at : at + size]
            if self.hide:
                self.put(f"{name} <{size} octets>")
            elif tag == Tag.OCTET_STRING:
                self.put(f"{name} {_octets(content)}")
            else:
                self.put(f"{name} {content[:64].decode('utf-8', 'backslashreplace')!r}{'...' if size > 64 else ''}")
            return at + size
        if tag == Tag.BIT_STRING and read_bit_length(octets, at + 1)[0] > 64:
            bits, size, at = read_bit_length(octets, at + 1)
            self.put(f"{name} <{bits} bits>")
            return at + size
        if tag == Tag.COMPACT_ARRAY:
            self.put(f"{name} <{len(octets) - at} octets>")
            return skip_data(octets, at)
        value, at = decode_value(octets, at)
        value = int(value) if isinstance(value, Delta) else value
        self.put(name if DATA_TYPES[tag].size == 0 else f"{name} {value}")
        return at


def _simple(word: Any, value: Any) -> str:
    """The text of a part that is one value."""
    if isinstance(word, Context):
        return _component(word, value)
    if isinstance(word, wire.Octets):
        if word.secret:
            return "<secret>"
        return f"<{len(value)} octets>" if word.most > _BULK else _octets(value)
    if isinstance(word, wire.ConformanceBlock):
        return ",".join(Conformance(value).labels) or "none"
    if isinstance(value, bytes):
        return ".".join(map(str, value)) if len(value) == 6 else _octets(value)
    labels = getattr(word, "labels", None)
    return label_of(labels, value) if labels else str(value)


def _component(word: Context, value: Any) -> str:
    """The text of a component of BER."""
    match word.form:
        case Form.DIAGNOSTIC:
            return str(value)
        case Form.AUTHENTICATION_VALUE:
            return f"<{len(value.octets)} octets>"
        case Form.IDENTIFIER | Form.IMPLICIT_IDENTIFIER:
            if word.labels and len(value) == len(word.prefix) + 1 and value.startswith(word.prefix):
                return label_of(word.labels, value[-1])
            return dotted(value) or _octets(value)
    if isinstance(value, int):
        return label_of(word.labels, value) if word.labels else str(value)
    return _octets(value)


def _octets(octets: bytes) -> str:
    return octets.hex().upper() or "''" if len(octets) <= _SHOWN else f"{octets[:_SHOWN].hex().upper()}... <{len(octets)} octets>"


def _takes_secret(value: Any) -> bool:
    """Whether any descriptor in a message names something that holds a secret."""
    if isinstance(value, tuple):
        return any(map(_takes_secret, value))
    if not isinstance(value, msgspec.Struct) or isinstance(value, Data):
        return False
    target = getattr(value, "class_id", None)
    if (target, getattr(value, "attribute_id", None)) in SECRET_ATTRIBUTES:
        return True
    if (target, getattr(value, "method_id", None)) in SECRET_METHODS:
        return True
    return any(_takes_secret(getattr(value, name)) for name in value.__struct_fields__)
