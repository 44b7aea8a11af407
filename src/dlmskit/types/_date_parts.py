"""The parts of a date and of a time of day: how they are read from octets, checked, converted and written as text.

Shared by date-time, date and time of `dlmskit.types.datetime`, which is the module to use.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import Final

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.types._octets import FixedOctets

DST_END: Final = 0xFD
"""Month: the one in which daylight saving ends."""
DST_BEGIN: Final = 0xFE
"""Month: the one in which daylight saving begins."""
SECOND_LAST_DAY: Final = 0xFD
"""Day: the last but one of the month; with a weekday, the last but one such weekday."""
LAST_DAY: Final = 0xFE
"""Day: the last of the month; with a weekday, the last such weekday."""

NOT_SPECIFIED: Final = 0xFF
"""What every part of one octet says when it is not specified."""
_YEAR_NOT_SPECIFIED: Final = 0xFFFF
_A_LEAP_YEAR: Final = 2000
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = {DST_END: "DST-end", DST_BEGIN: "DST-begin"}
_DAYS = {SECOND_LAST_DAY: "second-last", LAST_DAY: "last"}


class DateParts(FixedOctets):
    """The parts of a date, in the first five octets."""

    __slots__ = ()

    @property
    def year(self) -> int | None:
        """0 to 65534; None where not specified."""
        year = int.from_bytes(self._octets[:2])
        return None if year == _YEAR_NOT_SPECIFIED else year

    @property
    def month(self) -> int | None:
        """1 to 12, DST_BEGIN or DST_END; None where not specified."""
        return _specified(self._octets[2])

    @property
    def day(self) -> int | None:
        """1 to 31, LAST_DAY or SECOND_LAST_DAY; None where not specified."""
        return _specified(self._octets[3])

    @property
    def weekday(self) -> int | None:
        """1 Monday to 7 Sunday; None where not specified."""
        return _specified(self._octets[4])

    @property
    def _date_is_valid(self) -> bool:
        year, month, day, weekday = self.year, self.month, self.day, self.weekday
        if not (_within(month, 1, 12) or month in _MONTHS) or not _within(weekday, 1, 7):
            return False
        if day is None or day in _DAYS:
            return True
        if month is None or month in _MONTHS:
            return 1 <= day <= 31
        if year is None or not dt.MINYEAR <= year <= dt.MAXYEAR:
            year = _A_LEAP_YEAR
        return 1 <= day <= monthrange(year, month)[1]

    def to_date(self) -> dt.date:
        """The calendar date. DecodeError where year, month or day is not specified, or no such date exists."""
        year, month, day = self.year, self.month, self.day
        if year is None or month is None or day is None:
            raise DecodeError(f"{self} names no single date")
        try:
            if day in _DAYS:
                return self._counted_from_the_end(year, month, day)
            return dt.date(year, month, day)
        except ValueError as error:
            raise DecodeError(f"{self} is not a date of the calendar: {error}") from None

    def _counted_from_the_end(self, year: int, month: int, day: int) -> dt.date:
        last = dt.date(year, month, monthrange(year, month)[1])
        weekday = self.weekday
        if weekday is None:
            return last - dt.timedelta(days=1 if day == SECOND_LAST_DAY else 0)
        last -= dt.timedelta(days=(last.isoweekday() - weekday) % 7)
        return last - dt.timedelta(days=7 if day == SECOND_LAST_DAY else 0)

    def _date_text(self) -> str:
        year, month, day, weekday = self.year, self.month, self.day, self.weekday
        text = "-".join(
            (
                "*" if year is None else f"{year:04}",
                "*" if month is None else _MONTHS.get(month) or f"{month:02}",
                "*" if day is None else _DAYS.get(day) or f"{day:02}",
            )
        )
        if weekday is None or (year is not None and _within(month, 1, 12) and _within(day, 1, 31)):
            return text  # the weekday of a full date is no news
        return f"{text} {_WEEKDAYS[weekday - 1] if 1 <= weekday <= 7 else f'weekday {weekday}'}"


class TimeParts(FixedOctets):
    """The parts of a time of day, in four octets that start at `_AT`."""

    __slots__ = ()

    _AT = 0

    @property
    def hour(self) -> int | None:
        """0 to 23; None where not specified. Some meters write 24 for the end of a day."""
        return _specified(self._octets[self._AT])

    @property
    def minute(self) -> int | None:
        """0 to 59; None where not specified."""
        return _specified(self._octets[self._AT + 1])

    @property
    def second(self) -> int | None:
        """0 to 59; None where not specified."""
        return _specified(self._octets[self._AT + 2])

    @property
    def hundredths(self) -> int | None:
        """Hundredths of a second, 0 to 99; None where not specified."""
        return _specified(self._octets[self._AT + 3])

    @property
    def _time_is_valid(self) -> bool:
        return (
            _within(self.hour, 0, 23)
            and _within(self.minute, 0, 59)
            and _within(self.second, 0, 59)
            and _within(self.hundredths, 0, 99)
        )

    def _since_midnight(self) -> dt.timedelta:
        """Hour 24 with nothing behind it is the end of the day; second and hundredths left open count as 0."""
        hour, minute, second, hundredths = self.hour, self.minute, self.second or 0, self.hundredths or 0
        if hour is None or minute is None:
            raise DecodeError(f"{self} names no single time of day")
        if not (
            minute <= 59
            and second <= 59
            and hundredths <= 99
            and (hour <= 23 or (hour == 24 and not minute | second | hundredths))
        ):
            raise DecodeError(f"{self} is not a time of day")
        return dt.timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=10 * hundredths)

    def _time_text(self) -> str:
        text = ":".join("*" if part is None else f"{part:02}" for part in (self.hour, self.minute, self.second))
        hundredths = self.hundredths
        return f"{text}.{hundredths:02}" if hundredths else text


def _specified(octet: int) -> int | None:
    return None if octet == NOT_SPECIFIED else octet


def _within(part: int | None, low: int, high: int) -> bool:
    return part is None or low <= part <= high


def fitting(name: str, number: int, low: int, high: int) -> int:
    if not low <= number <= high:
        raise EncodeError(f"{name} {number} is not {low} to {high}")
    return number


def _octet(name: str, number: int | None) -> int:
    return NOT_SPECIFIED if number is None else fitting(name, number, 0, 0xFE)


def date_octets(year: int | None, month: int | None, day: int | None, weekday: int | None) -> bytes:
    years = _YEAR_NOT_SPECIFIED if year is None else fitting("year", year, 0, 0xFFFE)
    return years.to_bytes(2) + bytes([_octet("month", month), _octet("day", day), _octet("weekday", weekday)])


def time_octets(hour: int | None, minute: int | None, second: int | None, hundredths: int | None) -> bytes:
    return bytes([_octet("hour", hour), _octet("minute", minute), _octet("second", second), _octet("hundredths", hundredths)])
