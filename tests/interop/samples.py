"""A value of each type that is no default, for objects that are read by a foreign client."""

from __future__ import annotations

import itertools
from typing import Any

from dlmskit.codec.containers import Array, Choice, Structure
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.kinds import Anything, CompactArrayKind, Enumeration, Kind, LogicalName, MomentKind, Simple
from dlmskit.cosem.model import InterfaceClass
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis

_MOMENTS: dict[type, Any] = {
    CosemDateTime: CosemDateTime(bytes.fromhex("07E8010F010C1E0000800000")),
    CosemDate: CosemDate.of(2024, 1, 15),
    CosemTime: CosemTime.of(12, 30, 0, 0),
}
_MEANT = {
    "class_id": Data.long_unsigned(3),
    "LCP_option_type": Data.unsigned(1),
    "IPCP_option_type": Data.unsigned(3),
}
"""Members whose number must be one that the peer knows: it is an enumeration there."""
_TEXT = {Tag.OCTET_STRING: b"ABC", Tag.VISIBLE_STRING: "abc", Tag.UTF8_STRING: "abc", Tag.BIT_STRING: "10110"}


class Samples:
    """Values that differ from each other, as far as their types allow it."""

    def __init__(self) -> None:
        self._numbers = itertools.cycle(range(2, 100))

    def of(self, kind: Kind) -> Data:
        """A value of a type."""
        if isinstance(kind, Structure):
            members = kind.members.items()
            return Data.structure([_MEANT.get(name) or self.of(member) for name, member in members])
        if isinstance(kind, Array):
            return Data.array([self.of(kind.member)])
        if isinstance(kind, Choice):
            return self.of(next((one for one in kind.alternatives if one.text != "null-data"), kind.alternatives[0]))
        if isinstance(kind, Anything):
            return Data.unsigned(next(self._numbers))
        if isinstance(kind, CompactArrayKind):
            return kind.default()
        return self._simple(kind)

    def _simple(self, kind: Kind) -> Data:
        if isinstance(kind, LogicalName):
            return Data.octet_string(Obis(bytes((1, 0, 1, 8, next(self._numbers), 255))))
        if isinstance(kind, MomentKind):
            return kind.encode(_MOMENTS[kind.moment])
        if isinstance(kind, Enumeration):
            return Data.enum(max(kind.labels, default=1))
        assert isinstance(kind, Simple)
        if kind.tag in _TEXT:
            return self._text(kind)
        if kind.tag in {Tag.NULL_DATA, Tag.BOOLEAN}:
            return Data.of(kind.tag, None if kind.tag == Tag.NULL_DATA else True)
        return Data.of(kind.tag, float(next(self._numbers)) if kind.tag in {Tag.FLOAT32, Tag.FLOAT64} else next(self._numbers))

    def _text(self, kind: Simple) -> Data:
        text = _TEXT[kind.tag]
        if kind.length is not None:
            text = "10" * (kind.length // 2) + "1" * (kind.length % 2) if kind.tag == Tag.BIT_STRING else b"\x05" * kind.length
        return Data.of(kind.tag, text)


def filled(declared: type[InterfaceClass], name: str, samples: Samples) -> InterfaceClass:
    """An object whose stored attributes are no defaults; what the class computes stays as it is."""
    one = declared(name)
    for number, word in declared.attributes.items():
        if number == 1 or word.secret:
            continue
        value = samples.of(word.kind) if word.domain.within is None else word.initial()
        word.check(value)
        one.store(number, value)
    return one
