"""Objects as JSON. A value is ``{"type": ..., "value": ...}``, octets in hexadecimal; structures and arrays hold such values.

Where JSON cannot hold a value, or its octets have another spelling than the usual one, ``raw`` has the octets.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import BY_NAME, Tag
from dlmskit.cosem.access import AccessMode, ObjectRights
from dlmskit.cosem.export.record import ObjectRecord
from dlmskit.cosem.export.rights import ATTRIBUTE_WORDS, METHOD_WORDS, right_from_words, right_in_words
from dlmskit.errors import ConfigError, DecodeError, DlmsError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis

MOST_CHARACTERS = 1 << 26
_CONTAINERS = frozenset((Tag.ARRAY, Tag.STRUCTURE))
_RAW_ALONE = frozenset((Tag.COMPACT_ARRAY, Tag.DONT_CARE))


def to_json(records: Iterable[ObjectRecord], *, indent: int | None = 2) -> str:
    """The text of these objects."""
    return json.dumps({"objects": [_object(record) for record in records]}, ensure_ascii=False, indent=indent, allow_nan=False)


def from_json(text: str | bytes, *, limits: Limits = DEFAULT) -> list[ObjectRecord]:
    """The objects of a text. Raises DecodeError for anything else, ConfigError for a secret in it."""
    if len(text) > MOST_CHARACTERS:
        raise DecodeError(f"at most {MOST_CHARACTERS} characters are read")
    try:
        listed = json.loads(text)["objects"]
        return [_record(one, limits) for one in listed]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DecodeError(f"no objects in this JSON: {type(error).__name__} {error!s:.80}") from error


def _object(record: ObjectRecord) -> dict[str, Any]:
    said: dict[str, Any] = {
        "class_id": record.class_id,
        "version": record.version,
        "class": None if record.declaration is None else record.declaration.name,
        "logical_name": str(record.logical_name),
        "attributes": [
            {"number": number, "name": record.attribute_name(number), **value_to_json(data)}
            for number, data in record.values.items()
        ],
    }
    if record.rights is not None:
        said["rights"] = {
            "attributes": _rights(record.rights.attributes, record.attribute_name, ATTRIBUTE_WORDS),
            "methods": _rights(record.rights.methods, record.method_name, METHOD_WORDS),
        }
    return said


def _rights(modes: Mapping[int, AccessMode], name: Any, words: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"number": number, "name": name(number), **right_in_words(mode, words)} for number, mode in modes.items()]


def _record(said: Mapping[str, Any], limits: Limits) -> ObjectRecord:
    rights = said.get("rights")
    try:
        name = Obis(str(said["logical_name"]))
    except ConfigError as error:
        raise DecodeError(str(error), path="logical_name") from error
    return ObjectRecord(
        _number(said["class_id"], 0xFFFF),
        _number(said["version"], 0xFF),
        name,
        {_number(one["number"], 127, -128): value_from_json(one, limits) for one in said["attributes"]},
        None
        if rights is None
        else ObjectRights(_modes(rights["attributes"], ATTRIBUTE_WORDS), _modes(rights["methods"], METHOD_WORDS)),
    )


def _modes(listed: Iterable[Mapping[str, Any]], words: tuple[str, ...]) -> dict[int, AccessMode]:
    return {_number(one["number"], 127, -128): right_from_words(one, words) for one in listed}


def _number(value: Any, most: int, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= most:
        raise DecodeError(f"a number {least} to {most} is expected, not {value!r:.40}")
    return value


def value_to_json(data: Data) -> dict[str, Any]:
    """One value with its type."""
    if data.tag in _CONTAINERS:
        said: dict[str, Any] = {"type": data.type.name, "value": [value_to_json(element) for element in data.elements()]}
    elif data.tag in _RAW_ALONE:
        return {"type": data.type.name, "raw": data.octets.hex().upper()}
    else:
        said = {"type": data.type.name, "value": _plain(data.value)}
    try:
        if value_from_json(said) == data:
            return said
    except DlmsError:
        pass  # no other way to say it than its octets
    return {**said, "raw": data.octets.hex().upper()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, CosemDateTime | CosemDate | CosemTime):
        return value.octets.hex().upper()
    return str(value) if isinstance(value, BitString) else value


def value_from_json(said: Mapping[str, Any], limits: Limits = DEFAULT, depth: int = 0) -> Data:
    """The value back. Raises DecodeError, EncodeError for a value that its type does not hold."""
    if depth > limits.data_depth:
        raise DecodeError(f"nesting too deep: at most {limits.data_depth} levels are allowed")
    kind = BY_NAME.get(said["type"])
    if kind is None:
        raise DecodeError(f"no COSEM data type is called {said['type']!r:.40}")
    if "raw" in said:
        data = Data.decode(bytes.fromhex(said["raw"]), limits)
        if data.tag != kind.tag:
            raise DecodeError(f"raw is {data.type.name}, not {kind.name}")
        return data
    value = said["value"]
    if kind.tag in _CONTAINERS:
        elements = [value_from_json(element, limits, depth + 1) for element in value]
        return Data.array(elements) if kind.tag == Tag.ARRAY else Data.structure(elements)
    octets = isinstance(value, str) and kind.tag not in {Tag.VISIBLE_STRING, Tag.UTF8_STRING, Tag.BIT_STRING}
    return Data.of(kind.tag, bytes.fromhex(value) if octets else value)
