"""Selective access to a profile buffer: range and entry descriptors, for client and server (Blue Book, class 7).

A descriptor is built from Python or from `Data` and gives either. Which columns and rows it selects is decided by
`dlmskit.cosem.classes.profile_generic`; what comes from a peer is bounded here (robustness R-013).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis

BY_RANGE = 1
"""Access selector of a `RangeDescriptor`."""
BY_ENTRY = 2
"""Access selector of an `EntryDescriptor`."""


class CaptureObject(NamedTuple):
    """A capture object definition: an attribute, or one element of it."""

    class_id: int
    logical_name: Obis
    attribute_index: int
    """0: all public attributes in one structure."""
    data_index: int = 0
    """0: the whole attribute; n: element n of its array or structure, counted from 1."""

    @classmethod
    def from_data(cls, data: Data) -> Self:
        """Read ``structure{class_id, logical_name, attribute_index, data_index}``; DecodeError for anything else."""
        members = _members(data, 4, "capture object definition")
        class_id, attribute, index = (
            _number(members[at], tag, "capture object definition")
            for at, tag in ((0, Tag.LONG_UNSIGNED), (2, Tag.INTEGER), (3, Tag.LONG_UNSIGNED))
        )
        if members[1].tag != Tag.OCTET_STRING:
            raise DecodeError("logical_name of a capture object definition is no octet-string")
        return cls(class_id, Obis(members[1].value), attribute, index)

    def to_data(self) -> Data:
        """The definition as COSEM data."""
        return Data.structure(
            (
                Data.long_unsigned(self.class_id),
                Data.octet_string(self.logical_name),
                Data.integer(self.attribute_index),
                Data.long_unsigned(self.data_index),
            )
        )

    @classmethod
    def list_from_data(cls, data: Data, limits: Limits = DEFAULT) -> tuple[Self, ...]:
        """Read an array of definitions, at most ``limits.list_items`` of them."""
        if data.tag != Tag.ARRAY:
            raise DecodeError(f"an array of capture object definitions is expected, not {data.type.name}")
        # A definition takes 18 octets: the size tells too many before any of them is looked at.
        if len(data.octets) > 18 * limits.list_items + 8:
            raise DecodeError(f"too many columns: at most {limits.list_items} are allowed")
        return tuple(cls.from_data(element) for element in data.elements())


CLOCK_TIME = CaptureObject(8, Obis("0.0.1.0.0.255"), 2)
"""The usual restricting object: attribute time of the clock."""


@dataclass(frozen=True, slots=True)
class RangeDescriptor:
    """Rows whose ``restricting_object`` lies within from and to, both inclusive; null-data leaves an end open."""

    restricting_object: CaptureObject
    from_value: Data
    to_value: Data
    selected_values: tuple[CaptureObject, ...] = ()
    """Columns in the order wanted; empty: all of them."""

    @classmethod
    def between(
        cls,
        since: datetime | CosemDateTime | None,
        until: datetime | CosemDateTime | None,
        *,
        restricting_object: CaptureObject = CLOCK_TIME,
        selected_values: tuple[CaptureObject, ...] = (),
        tagged: bool = False,
    ) -> Self:
        """Rows between two times, None for an open end.

        Times go as octet-string, which every meter takes; ``tagged`` sends them as date-time instead.
        """
        return cls(restricting_object, _time_data(since, tagged), _time_data(until, tagged), selected_values)

    @classmethod
    def from_data(cls, data: Data, limits: Limits = DEFAULT) -> Self:
        """Read the access parameters of selector 1; DecodeError for anything else."""
        members = _members(data, 4, "range descriptor")
        restricting = CaptureObject.from_data(members[0])
        return cls(restricting, members[1], members[2], CaptureObject.list_from_data(members[3], limits))

    def to_data(self) -> Data:
        """The access parameters of selector 1."""
        columns = Data.array(column.to_data() for column in self.selected_values)
        return Data.structure((self.restricting_object.to_data(), self.from_value, self.to_value, columns))


@dataclass(frozen=True, slots=True)
class EntryDescriptor:
    """Rows and columns by their number, counted from 1 in the order of the buffer."""

    from_entry: int = 1
    to_entry: int = 0
    """0: up to the last entry."""
    from_selected_value: int = 1
    to_selected_value: int = 0
    """0: up to the last column."""

    @classmethod
    def from_data(cls, data: Data) -> Self:
        """Read the access parameters of selector 2; DecodeError for anything else."""
        members = _members(data, 4, "entry descriptor")
        tags = (Tag.DOUBLE_LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.LONG_UNSIGNED, Tag.LONG_UNSIGNED)
        return cls(*(_number(member, tag, "entry descriptor") for member, tag in zip(members, tags, strict=True)))

    def to_data(self) -> Data:
        """The access parameters of selector 2."""
        return Data.structure(
            (
                Data.double_long_unsigned(self.from_entry),
                Data.double_long_unsigned(self.to_entry),
                Data.long_unsigned(self.from_selected_value),
                Data.long_unsigned(self.to_selected_value),
            )
        )

    def rows(self, count: int) -> range:
        """The rows meant among ``count``, counted from 0; empty where the numbers make no sense."""
        return _span(self.from_entry, self.to_entry, count)

    def columns(self, count: int) -> range:
        """The columns meant among ``count``, counted from 0; empty where the numbers make no sense."""
        return _span(self.from_selected_value, self.to_selected_value, count)


def _span(first: int, last: int, count: int) -> range:
    last = min(last or count, count)
    return range(first - 1, last) if 1 <= first <= last else range(0)


def _members(data: Data, count: int, what: str) -> tuple[Data, ...]:
    # The count octet is looked at before the members are: a structure may claim a million of them.
    if data.tag != Tag.STRUCTURE or data.octets[1] != count:
        raise DecodeError(f"{what}: a structure of {count} is expected")
    return data.elements()


def _number(data: Data, tag: Tag, what: str) -> int:
    if data.tag != tag:
        raise DecodeError(f"{what}: {data.type.name} where another type is expected")
    number: int = data.value
    return number


def _time_data(moment: datetime | CosemDateTime | None, tagged: bool) -> Data:
    if moment is None:
        return Data.null()
    value = moment if isinstance(moment, CosemDateTime) else CosemDateTime.from_datetime(moment)
    return Data.date_time(value) if tagged else Data.octet_string(value)
