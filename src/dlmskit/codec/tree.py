"""An APDU as a tree of plain values with the ASN.1 names, for JSON and for comparison with other sources.

Numbers are numbers, enumerated ones their label, octets hexadecimal, bit strings 0 and 1, object identifiers dotted, a choice
a dictionary of one; absent parts of A-XDR are None, those of BER are left out. The tree is the message: secrets included.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dlmskit.codec import wire
from dlmskit.codec.ber import AUTHENTICATION_CHOICES, Context, Form, dotted
from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.data import DONT_CARE, Data
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.schema import Apdu
from dlmskit.codec.walk import Part, chosen, item_of, part_of, values_of
from dlmskit.errors import DecodeError
from dlmskit.types.bits import BitString
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import CodedEnum, member_or_int

Decoder = Callable[[bytes], Apdu]


def to_tree(apdu: Apdu, decode: Decoder | None = None) -> dict[str, Any]:
    """The tree of an APDU under its ASN.1 name. With ``decode`` an APDU inside is a tree too, else hexadecimal."""
    return {apdu.alternative_name or apdu.service_name: _fields(apdu, decode)}


def data_tree(data: Data) -> dict[str, Any]:
    """One COSEM data: its type and its value."""
    value: Any
    if data.tag in {Tag.ARRAY, Tag.STRUCTURE}:
        value = [data_tree(element) for element in data.elements()]
    elif data.tag == Tag.COMPACT_ARRAY:
        value = {"contents-description": _description(data.description), "elements": [_plain(row) for row in data.value]}
    else:
        value = _plain(data.value)
    return {"type": data.type.name, "value": value}


def _fields(value: Any, decode: Decoder | None) -> Any:
    tree: dict[str, Any] = {}
    for part, content in values_of(value):
        if isinstance(part.word, Context | wire.OnlyIf) and content is None:
            continue
        inner = _part(part, content, decode)
        if not part.standard:
            if len(type(value).__struct_fields__) == 1:
                return inner
            tree[part.field.replace("_", "-")] = inner
            continue
        for name in reversed(part.standard[1:]):
            inner = {name: inner}
        tree[part.standard[0]] = inner
    return tree


def _part(part: Part, value: Any, decode: Decoder | None) -> Any:
    word = part.word
    if isinstance(word, wire.Flagged | wire.OnlyIf) and value is not None:
        return _part(part.holding(word.inner), value, decode)
    if isinstance(word, wire.Choice):
        alternative = part_of(chosen(word, value))
        return {alternative.standard[0]: None if alternative.word is None else _part(alternative, value, decode)}
    if value is None:
        return None
    if isinstance(word, wire.SequenceOf):
        item = item_of(word)
        return [_part(item, one, decode) for one in value]
    if isinstance(word, wire.CosemData):
        return data_tree(value)
    if isinstance(word, type):
        return _fields(value, decode)
    if isinstance(word, wire.ConformanceBlock):
        return {"bits": f"{value:06X}", "names": list(Conformance(value).labels)}
    if isinstance(word, wire.Rest):
        return _carried(value, decode)
    if isinstance(word, Context):
        return _component(word, value, decode)
    if isinstance(word, wire.Fixed) and word.labels:
        member = member_or_int(word.labels, value)
        return member.label if isinstance(member, CodedEnum) else member
    return _plain(value)


def _component(word: Context, value: Any, decode: Decoder | None) -> Any:
    match word.form:
        case Form.DIAGNOSTIC:
            return {"acse-service-provider" if value.provider else "acse-service-user": value.value}
        case Form.AUTHENTICATION_VALUE:
            return {AUTHENTICATION_CHOICES[value.choice]: _plain(value.octets)}
        case Form.IDENTIFIER | Form.IMPLICIT_IDENTIFIER:
            return dotted(value) or _plain(value)
        case Form.APDU:
            return _carried(value, decode)
    return _plain(value)


def _carried(octets: bytes, decode: Decoder | None) -> Any:
    if decode is None:
        return _plain(octets)
    try:
        return to_tree(decode(octets), decode)
    except DecodeError:
        return _plain(octets)


def _plain(value: Any) -> Any:
    """A value of COSEM data, or of a field, in the types of JSON."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or value is DONT_CARE:
        return None
    if isinstance(value, BitString):
        return str(value)
    octets = getattr(value, "octets", value)
    if isinstance(octets, bytes):
        return octets.hex().upper()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _description(description: TypeDescription) -> dict[str, Any]:
    name = DATA_TYPES[description.tag].name
    if description.tag == Tag.ARRAY:
        return {"type": name, "count": description.number, "of": _description(description.members[0])}
    if description.tag == Tag.STRUCTURE:
        return {"type": name, "of": [_description(member) for member in description.members]}
    return {"type": name}
