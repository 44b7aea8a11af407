"""When a written date and time come next: open parts, last days of the month, weekdays (Blue Book 4.1.6.1).

A moment matches when every part that is specified matches; with day of the month and weekday both given, both must. Times are
local, without zone: whoever asks knows the rules of local time.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from dlmskit.types.datetime import DST_BEGIN, DST_END, LAST_DAY, SECOND_LAST_DAY, CosemDate, CosemTime

_CYCLE_YEARS = 28
"""After so many years each date has had each weekday, 29 February too, but for the turn of some centuries."""


def matches_date(written: CosemDate, day: date) -> bool:
    """Whether a day is meant. Months that stand for the switch of daylight saving name no day here."""
    if written.year not in {None, day.year} or written.weekday not in {None, day.isoweekday()}:
        return False
    if written.month in {DST_BEGIN, DST_END} or written.month not in {None, day.month}:
        return False
    if written.day == LAST_DAY:
        return day.day == monthrange(day.year, day.month)[1]
    if written.day == SECOND_LAST_DAY:
        return day.day == monthrange(day.year, day.month)[1] - 1
    return written.day in {None, day.day}


def following_date(written: CosemDate, first: date) -> date | None:
    """The first day from ``first`` on that is meant; None where there is none."""
    return next(_days(written, first), None)


def following(at: CosemTime, on: CosemDate, after: datetime) -> datetime | None:
    """The first moment behind ``after`` that a time and a date mean; None where there is none. Fractions of a second are cut."""
    earliest = after.replace(microsecond=0) + timedelta(seconds=1)
    for day in _days(on, earliest.date()):
        found = _first_time(at, earliest.time() if day == earliest.date() else time())
        if found is not None:
            return datetime.combine(day, found)
        if day > earliest.date():
            return None  # a time that no day has
    return None


def _days(written: CosemDate, first: date) -> Iterator[date]:
    """The days that are meant, month by month, from ``first`` on."""
    if written.month in {DST_BEGIN, DST_END}:
        return
    year = first.year if written.year is None else written.year
    last_year = year if written.year is not None else min(first.year + _CYCLE_YEARS, date.max.year)
    for candidate in range(max(year, first.year), last_year + 1):
        for month in range(1, 13) if written.month is None else (written.month,):
            if not 1 <= month <= 12 or (candidate, month) < (first.year, first.month):
                continue
            for number in range(1, monthrange(candidate, month)[1] + 1):
                day = date(candidate, month, number)
                if day >= first and matches_date(written, day):
                    yield day


def _first_time(written: CosemTime, earliest: time) -> time | None:
    """The first time of day from ``earliest`` on that is meant."""
    wanted = written.hour, written.minute, written.second
    if any(part is not None and part > most for part, most in zip(wanted, (23, 59, 59), strict=True)):
        return None
    for hour in range(24) if wanted[0] is None else (wanted[0],):
        if hour < earliest.hour:
            continue
        for minute in range(60) if wanted[1] is None else (wanted[1],):
            if (hour, minute) < (earliest.hour, earliest.minute):
                continue
            low = earliest.second if (hour, minute) == (earliest.hour, earliest.minute) else 0
            second = low if wanted[2] is None else wanted[2]
            if second >= low:
                return time(hour, minute, second)
    return None
