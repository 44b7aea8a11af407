"""Whether a captured value lies between the two ends of a range (Blue Book, class 7, range_descriptor).

Times are compared as moments where both carry a deviation, else as local times; date-time and octet-string of 12 mean
the same. An end that is null-data, or a time in which nothing is specified, is open.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult

_NOT_SPECIFIED = b"\x80\x00"


class _End(Protocol):
    def compare(self, value: Data) -> int:
        """Below 0, 0 or above 0 as ``value`` lies before, at or behind this end; ServiceError where types do not fit."""


class Bounds:
    """Both ends are part of the range. Raises ServiceError (type-unmatched) for ends that cannot be compared."""

    def __init__(self, first: Data, last: Data) -> None:
        self._first, self._last = _end(first), _end(last)

    @property
    def moments(self) -> tuple[datetime | None, datetime | None]:
        """Both ends as times; None for one that is open or no time."""
        first, last = (end.moment if isinstance(end, _Time) else None for end in (self._first, self._last))
        return first, last

    def hold(self, value: Data) -> bool:
        """Whether ``value`` lies in the range. Null-data lies in no range that has an end."""
        if self._first is None and self._last is None:
            return True
        if value.tag == Tag.NULL_DATA:
            return False
        return (self._first is None or self._first.compare(value) >= 0) and (self._last is None or self._last.compare(value) <= 0)


def _end(value: Data) -> _End | None:
    if value.tag == Tag.NULL_DATA:
        return None
    octets = _time_octets(value)
    # An octet-string of 12 that is no date-time is a string like any other: a serial number.
    if octets is not None and (value.tag == Tag.DATE_TIME or CosemDateTime(octets).is_valid):
        return None if octets[:9] == b"\xff" * 9 else _Time(octets)
    if isinstance(value.value, int | float):
        return _Number(value.value)
    if value.tag in {Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING}:
        return _Text(value.octets)
    raise _unmatched(value)


class _Number:
    def __init__(self, number: float) -> None:
        self.number = number

    def compare(self, value: Data) -> int:
        number = value.value
        if not isinstance(number, int | float):
            raise _unmatched(value)
        return (number > self.number) - (number < self.number)


class _Text:
    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def compare(self, value: Data) -> int:
        if value.octets[0] != self.octets[0]:
            raise _unmatched(value)
        return (value.octets > self.octets) - (value.octets < self.octets)


class _Time:
    """A moment, turned once into the local time of each deviation that occurs; then a row costs one comparison."""

    def __init__(self, octets: bytes) -> None:
        try:
            self.moment = CosemDateTime(octets).to_datetime()
        except DecodeError as error:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "range", str(error)) from error
        self._keys: dict[bytes, int] = {}

    def compare(self, value: Data) -> int:
        octets = _time_octets(value)
        if octets is None:
            raise _unmatched(value)
        deviation = octets[9:11]
        mine = self._keys.get(deviation)
        if mine is None:
            mine = self._keys[deviation] = self._key(deviation)
        key = _key(octets)
        return (key > mine) - (key < mine)

    def _key(self, deviation: bytes) -> int:
        local = self.moment.replace(tzinfo=None)
        if deviation != _NOT_SPECIFIED and self.moment.tzinfo is not None:
            minutes = int.from_bytes(deviation, signed=True)
            with suppress(OverflowError):  # at the very ends of the calendar a few hours make no difference
                local = self.moment.astimezone(UTC).replace(tzinfo=None) - timedelta(minutes=minutes)
        return _key(CosemDateTime.from_datetime(local).octets)


def _key(octets: bytes) -> int:
    """Orders local times; without the weekday, which may be left open, and with hundredths left open as 0."""
    return int.from_bytes(octets[:4] + octets[5:8]) << 8 | octets[8] % 255


def _time_octets(value: Data) -> bytes | None:
    """The 12 octets of a time, in either coding; None for anything else."""
    octets = value.octets
    if octets[0] == Tag.DATE_TIME:
        return octets[1:]
    return octets[2:] if octets[:2] == b"\x09\x0c" else None


def _unmatched(value: Data) -> ServiceError:
    return ServiceError(DataAccessResult.TYPE_UNMATCHED, "range", f"{value.type.name} cannot be compared here")
