"""One COSEM data, kept as the octets it was given in (Green Book `Data` CHOICE, A-XDR).

`Data` is a frozen value that is its own encoding: what was authenticated, signed or compared stays exact, whatever
spelling a peer chose. Values and elements are views that are made when asked for. The type grammar of the interface
classes is in `dlmskit.codec.notation`, tables of profile rows in `dlmskit.codec.rows`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import msgspec

from dlmskit.codec.compact import TypeDescription, read_description
from dlmskit.codec.constructors import Constructors
from dlmskit.codec.contents import encode_contents, tagged_elements
from dlmskit.codec.data_types import DATA_TYPES, DataType, Tag
from dlmskit.codec.encode import encode_simple
from dlmskit.codec.plain import DONT_CARE, Delta, DontCare
from dlmskit.codec.reader import read_length, write_length
from dlmskit.codec.skip import DEEPEST, check_whole, skip_data
from dlmskit.codec.speculate import decode_array
from dlmskit.codec.values import decode_value
from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import DEFAULT, Limits

__all__ = ["DONT_CARE", "Data", "Delta", "DontCare", "TypeDescription", "decode_value", "skip_data"]

_LONG = 256
"""Octets of an array from which on it is looked at for rows of one layout."""
_CHECKED = Limits(data_depth=DEEPEST, data_elements=1 << 62)
"""For octets that were held against the limits of the caller before."""


class Data(msgspec.Struct, Constructors, frozen=True, gc=False, order=False):
    """One COSEM data. Made by `decode` or by the constructor of a type; equal when the octets are equal."""

    octets: bytes
    """Its A-XDR encoding, the tag included."""

    @classmethod
    def decode(cls, octets: bytes, limits: Limits = DEFAULT) -> Self:
        """Take the whole of ``octets`` as one data. Raises `DecodeError` for anything wrong and for anything behind it."""
        octets = bytes(octets)
        check_whole(octets, limits)
        return cls(octets)

    # --- Views ---

    @property
    def tag(self) -> Tag:
        """The tag of its type."""
        return Tag(self.octets[0])

    @property
    def type(self) -> DataType:
        """Its type, with the names of the standard."""
        return DATA_TYPES[self.octets[0]]

    @property
    def value(self) -> Any:
        """Plain Python: None, bool, int, float, str, bytes, BitString, CosemDateTime, CosemDate, CosemTime, Delta, DONT_CARE;
        tuple for a structure, list for an array and for a compact-array. Text with forbidden octets stays bytes.
        """
        octets = self.octets
        if octets[0] == Tag.ARRAY and len(octets) > _LONG:
            return decode_array(octets, _CHECKED)[0]
        return decode_value(octets, 0, _CHECKED)[0]

    @property
    def description(self) -> TypeDescription:
        """The type description of a compact-array. Raises `DecodeError` for any other type."""
        if self.octets[0] != Tag.COMPACT_ARRAY:
            raise DecodeError(f"{self.type.name} has no type description")
        return read_description(self.octets, 1, DEEPEST)[0]

    def elements(self) -> tuple[Data, ...]:
        """What an array, structure or compact-array holds. Raises `DecodeError` for any other type."""
        octets = self.octets
        if octets[0] == Tag.COMPACT_ARRAY:
            return tuple(map(Data, tagged_elements(octets, 1)))
        if octets[0] not in {Tag.ARRAY, Tag.STRUCTURE}:
            raise DecodeError(f"{self.type.name} has no elements")
        count, at = read_length(octets, 1)
        elements = []
        for _ in range(count):
            end = skip_data(octets, at, _CHECKED)
            elements.append(Data(octets[at:end]))
            at = end
        return tuple(elements)

    def __repr__(self) -> str:
        octets = bytes(self.octets)
        kind = DATA_TYPES.get(octets[0]) if octets else None
        text = octets[1:].hex() if len(octets) <= 33 else f"{octets[1:25].hex()}... {len(octets)} octets"
        return f"Data({kind.name if kind else 'invalid'} {text})" if text else f"Data({kind.name if kind else 'invalid'})"

    # --- Containers; the simple types are in `Constructors` ---

    @classmethod
    def array(cls, items: Iterable[Data]) -> Self:
        """Elements that ought to have one type; that is the caller's business, since real devices differ."""
        return cls._container(Tag.ARRAY, items)

    @classmethod
    def structure(cls, items: Iterable[Data]) -> Self:
        """Members in order."""
        return cls._container(Tag.STRUCTURE, items)

    @classmethod
    def _container(cls, tag: Tag, items: Iterable[Data]) -> Self:
        parts = [item.octets for item in items]
        return cls(bytes((tag,)) + write_length(len(parts)) + b"".join(parts))

    @classmethod
    def compact_array(cls, description: TypeDescription, rows: Iterable[Any]) -> Self:
        """Elements of one type without tags; rows are Python values: tuples for structures, lists for arrays."""
        parts = [encode_contents(description, row, encode_simple) for row in rows]
        if parts and description.size == 0:
            raise EncodeError("compact-array: elements that take no octets have no number")
        contents = b"".join(parts)
        octets = bytes((Tag.COMPACT_ARRAY,)) + description.encode() + write_length(len(contents)) + contents
        try:
            return cls.decode(octets)
        except DecodeError as error:
            raise EncodeError(f"compact-array: {error}") from error
