# ruff: noqa: D102 -- what the methods of a kind do is said once, in Kind
"""Types of the object model that are one data each, as the notation of the interface classes names them.

A kind is strict towards what we send (`check`, `encode`) and tolerant towards what we get (`decode`): a value of another
type than declared is given as it came. Rules: Blue Book data types; date-time, date and time come with their own tag or,
mostly, as octet-string of 12, 5 or 4 octets, and both are taken for either. Notation: `dlmskit.codec.notation`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import BY_NAME, DATA_TYPES, Tag
from dlmskit.errors import ConfigError, EncodeError
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis

Moment = CosemDateTime | CosemDate | CosemTime
MOMENTS: dict[str, tuple[type[Moment], Tag, bytes]] = {
    "date-time": (CosemDateTime, Tag.DATE_TIME, bytes.fromhex("ffffffffffffffffff8000ff")),
    "date": (CosemDate, Tag.DATE, b"\xff" * 5),
    "time": (CosemTime, Tag.TIME, b"\xff" * 4),
}
"""The class, own tag and not specified value of each kind of moment."""


class Kind:
    """One type. ``text`` is its notation."""

    def __init__(self, text: str) -> None:
        self.text = text

    def check(self, data: Data) -> None:
        """Refuse data of another type with `EncodeError`, as a server answers type-unmatched."""
        if not self.matches(data):
            raise self.unmatched(data)

    def unmatched(self, data: Data) -> EncodeError:
        """The refusal of data of another type."""
        return EncodeError(f"type unmatched: {data.type.name} where {self.text:.80} is declared")

    def matches(self, data: Data) -> bool:
        """Whether this is the type of ``data``."""
        raise NotImplementedError

    def encode(self, value: Any) -> Data:
        """A Python value as data of this type; `Data` is checked and taken. Raises `EncodeError`."""
        if isinstance(value, Data):
            self.check(value)
            return value
        return self._encode(value)

    def _encode(self, value: Any) -> Data:
        raise NotImplementedError

    def decode(self, data: Data) -> Any:
        """Friendly Python: Obis for a logical name, CosemDateTime, a named tuple for a structure, else the plain value.

        What is not of this type comes as its plain value. Raises `DecodeError` only where ``data`` itself is not sound.
        """
        return self.present(data.value)

    def present(self, value: Any) -> Any:
        """The friendly form of a plain value, as a profile column or an element of a larger value has it."""
        return value

    def fits(self, value: Any) -> bool:
        """Whether a plain value may be one of this type: how a choice finds its alternative."""
        raise NotImplementedError

    def default(self) -> Data:
        """The value that a new object has."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"Kind({self.text})"


_PLAIN: dict[Tag, tuple[Any, type | tuple[type, ...]]] = {
    Tag.NULL_DATA: (None, type(None)),
    Tag.BOOLEAN: (False, bool),
    Tag.BIT_STRING: (BitString(), BitString),
    Tag.OCTET_STRING: (b"", bytes),
    Tag.VISIBLE_STRING: ("", (str, bytes)),
    Tag.UTF8_STRING: ("", (str, bytes)),
    Tag.FLOAT32: (0.0, float),
    Tag.FLOAT64: (0.0, float),
}


class Simple(Kind):
    """One simple data type, of fixed length where the notation gives one (``octet-string(8)``, ``bit-string(7)``)."""

    def __init__(self, text: str, tag: Tag, length: int | None = None) -> None:
        super().__init__(text)
        self.tag = tag
        self.length = length
        self._default: Any
        self._type: Any
        self._default, self._type = _PLAIN.get(tag, (0, int))

    def matches(self, data: Data) -> bool:
        return data.octets[0] == self.tag and (self.length is None or len(data.value) == self.length)

    def _encode(self, value: Any) -> Data:
        data = Data.of(self.tag, value)
        if self.length is not None and not self.matches(data):
            raise EncodeError(f"{self.text}: {len(data.value)} is another length")
        return data

    def fits(self, value: Any) -> bool:
        if isinstance(value, bool) and self._type is int:
            return False
        return isinstance(value, self._type) and (self.length is None or len(value) == self.length)

    def default(self) -> Data:
        if self.length is None:
            return Data.of(self.tag, self._default)
        return Data.of(self.tag, "0" * self.length if self.tag == Tag.BIT_STRING else bytes(self.length))


class LogicalName(Simple):
    """octet-string of six: the name of an object."""

    def __init__(self) -> None:
        super().__init__("logical-name", Tag.OCTET_STRING, 6)

    def _encode(self, value: Any) -> Data:
        if isinstance(value, str):
            try:
                value = Obis(value)
            except ConfigError as error:
                raise EncodeError(f"logical-name: {error}") from None
        return super()._encode(value)

    def present(self, value: Any) -> Any:
        return Obis(value) if self.fits(value) else value


class MomentKind(Kind):
    """date-time, date or time, under its own tag or as octet-string; ``sent_as`` says which one we write."""

    def __init__(self, text: str, name: str, sent_as: Tag) -> None:
        super().__init__(text)
        self.sent_as = sent_as
        self.moment, self.own_tag, self.unset = MOMENTS[name]

    def matches(self, data: Data) -> bool:
        tag = data.octets[0]
        return tag == self.own_tag or (tag == Tag.OCTET_STRING and len(data.value) == len(self.unset))

    def _encode(self, value: Any) -> Data:
        if isinstance(value, dt.datetime) and self.moment is CosemDateTime:
            value = CosemDateTime.from_datetime(value)
        elif isinstance(value, dt.date) and self.moment is CosemDate:
            value = CosemDate.from_date(value)
        elif isinstance(value, dt.time) and self.moment is CosemTime:
            value = CosemTime.from_time(value)
        if not isinstance(value, (self.moment, bytes)):
            raise EncodeError(f"{self.text}: {value!r:.60} is no {self.own_tag.name.lower().replace('_', '-')}")
        data = Data.of(self.sent_as, value)
        self.check(data)
        return data

    def present(self, value: Any) -> Any:
        return self.moment(value) if isinstance(value, bytes) and len(value) == len(self.unset) else value

    def fits(self, value: Any) -> bool:
        return isinstance(value, self.moment) or (isinstance(value, bytes) and len(value) == len(self.unset))

    def default(self) -> Data:
        return Data.of(self.sent_as, self.unset)


class Enumeration(Simple):
    """enum, with labels where the notation names the numbers. Values are ints; `encode` takes a label too."""

    def __init__(self, text: str, labels: Mapping[int, str]) -> None:
        super().__init__(text, Tag.ENUM)
        self.labels = dict(labels)
        self._numbers = {label: number for number, label in labels.items()}

    def label(self, number: int) -> str:
        """The label of a number, ``unknown(7)`` where it has none."""
        return self.labels.get(number, f"unknown({number})")

    def _encode(self, value: Any) -> Data:
        if isinstance(value, str):
            if value not in self._numbers:
                raise EncodeError(f"enum: no label {value!r:.60}; there are {', '.join(self._numbers) or 'none'}")
            value = self._numbers[value]
        return super()._encode(value)

    def default(self) -> Data:
        return Data.enum(min(self.labels, default=0))


class Anything(Kind):
    """any: every data type. Python values are taken where they leave no doubt about the type."""

    def matches(self, data: Data) -> bool:
        return True

    def _encode(self, value: Any) -> Data:
        if value is None or isinstance(value, (bool, float, BitString)):
            tag = {type(None): Tag.NULL_DATA, bool: Tag.BOOLEAN, float: Tag.FLOAT64}.get(type(value), Tag.BIT_STRING)
            return Data.of(tag, value)
        if isinstance(value, (bytes, Obis, CosemDateTime, CosemDate, CosemTime)):
            return Data.octet_string(value)
        if isinstance(value, str):
            return Data.visible_string(value) if value.isascii() else Data.utf8_string(value)
        raise EncodeError(f"any: {value!r:.60} does not say its type; give Data, as Data.long_unsigned(5)")

    def fits(self, value: Any) -> bool:
        return True

    def default(self) -> Data:
        return Data.null()


class NoParameter(Simple):
    """integer(0): what is given to a method without parameter. Any data are taken, integer 0 is sent."""

    def __init__(self) -> None:
        super().__init__("integer(0)", Tag.INTEGER)

    def matches(self, data: Data) -> bool:
        return True

    def _encode(self, value: Any) -> Data:
        return Data.integer(0 if value is None else value)


class CompactArrayKind(Kind):
    """compact-array of any description."""

    def matches(self, data: Data) -> bool:
        return data.octets[0] == Tag.COMPACT_ARRAY

    def _encode(self, value: Any) -> Data:
        raise EncodeError("compact-array: give Data, as Data.compact_array(description, rows)")

    def fits(self, value: Any) -> bool:
        return isinstance(value, list)

    def default(self) -> Data:
        return Data.decode(b"\x13\x00\x00")


def simple(name: str, length: int | None = None) -> Simple:
    """A simple kind by the standard's name of its type."""
    return Simple(name if length is None else f"{name}({length})", DATA_TYPES[BY_NAME[name].tag].tag, length)
