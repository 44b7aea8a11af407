"""A value with its name: what a telegram says about one attribute of one object, its scaler already applied.

Nothing is invented here: what carries no OBIS code, scaler or unit stays without one.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import msgspec

from dlmskit.codec.data import DONT_CARE, Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.catalog import describe
from dlmskit.errors import DecodeError
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis
from dlmskit.types.unit import NO_UNIT, UNITS, scaled

_MEDIA = {0, 1, 2, 4, 5, 6, 7, 8, 9, 15}


class NamedValue(msgspec.Struct, frozen=True):
    """One value of a telegram."""

    data: Data
    """As it was sent."""
    obis: Obis | None = None
    """Logical name of the object; None where neither the telegram nor a known layout tells."""
    class_id: int | None = None
    attribute: int = 2
    scaler: int | None = None
    unit: str | None = None
    """Symbol of the unit, as in ``Wh``; empty for a number without unit, None where it is not known."""
    source: str = ""
    """How the name was found: ``row``, ``pair``, ``object list``, ``layout NAME``, ``request``; empty: it was not."""

    @property
    def name(self) -> str:
        """What the OBIS code means."""
        return describe(self.obis, self.class_id) if self.obis else ""

    @property
    def value(self) -> Any:
        """Plain Python with the scaler applied; octet strings as text, date-time or logical name where they are one."""
        raw = self.data.value
        if isinstance(raw, int | float) and not isinstance(raw, bool) and self.scaler and self.data.tag != Tag.ENUM:
            return scaled(raw, self.scaler)
        return friendly(raw)

    def to_json(self) -> dict[str, Any]:
        """The value as the contract of ``dlmskit decode --json`` has it."""
        return {
            "obis": str(self.obis) if self.obis else None,
            "name": self.name or None,
            "class_id": self.class_id,
            "attribute": self.attribute,
            "value": plain(self.value),
            "unit": self.unit,
            "scaler": self.scaler,
            "raw": plain(self.data.value),
            "type": self.data.type.name,
            "source": self.source or None,
        }


def obis_in(data: Data) -> Obis | None:
    """The logical name that an octet-string of six holds, or None where it cannot be one."""
    octets = data.octets
    if len(octets) != 8 or octets[0] != Tag.OCTET_STRING:
        return None
    code = octets[2:]
    return Obis(code) if code[0] in _MEDIA and (code[5] == 255 or code[5] <= 126) else None


def scaler_unit_in(data: Data) -> tuple[int, str] | None:
    """Scaler and unit symbol of a ``structure{integer, enum}``, or None where it is something else."""
    octets = data.octets
    if len(octets) != 6 or octets[:3] != b"\x02\x02\x0f" or octets[4] != Tag.ENUM:
        return None
    return int.from_bytes(octets[3:4], "big", signed=True), unit_symbol(octets[5])


def unit_symbol(code: int) -> str:
    """Symbol of a unit of the standard; empty for a number without unit, the number for one that is not known."""
    if code in (0, NO_UNIT):
        return ""
    return UNITS[code].symbol if code in UNITS else f"unit {code}"


def friendly(raw: Any) -> Any:
    """Octet strings as what they most likely hold: date-time, logical name, text, or the octets."""
    if isinstance(raw, bytes):
        return _octets(raw)
    if isinstance(raw, list):
        return [friendly(item) for item in raw]
    if isinstance(raw, tuple):
        return tuple(friendly(item) for item in raw)
    return raw


def _octets(raw: bytes) -> Any:
    if len(raw) == 12 and (moment := date_time_in(raw)):
        return moment
    if len(raw) == 6 and (code := obis_in(Data.octet_string(raw))):
        return code
    text = raw.rstrip(b"\0")
    if text and all(0x20 <= octet < 0x7F for octet in text):
        return text.decode("ascii")
    return raw


def date_time_in(raw: bytes) -> CosemDateTime | None:
    """The date-time that twelve octets hold, or None where they are more likely something else.

    Day of week 0, which some meters send for "not known", is read as not specified.
    """
    moment = CosemDateTime(raw[:4] + b"\xff" + raw[5:] if raw[4] == 0 else raw)
    year = int.from_bytes(raw[:2], "big")
    return moment if moment.is_valid and (year == 0xFFFF or 1970 <= year <= 2200) else None


def plain(value: Any) -> Any:
    """A value in the types of JSON: dates in ISO form where they are complete, octets in hexadecimal."""
    match value:
        case bool() | None | str():
            return value
        case float() if not math.isfinite(value):
            return str(value)
        case Decimal():
            return str(value)
        case int() | float():
            return int(value) if isinstance(value, int) else value
        case bytes():
            return value.hex().upper()
        case CosemDateTime() | CosemDate() | CosemTime():
            return _moment(value)
        case Obis() | BitString():
            return str(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return "dont-care" if value is DONT_CARE else str(value)


def _moment(value: CosemDateTime | CosemDate | CosemTime) -> str:
    try:
        return value.isoformat()
    except DecodeError:
        return str(value)
