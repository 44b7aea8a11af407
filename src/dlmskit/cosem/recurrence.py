"""Dates and times with open parts as what they are in schedules and windows: moments that come again (Blue Book 4.1.6.1).

An open hour, minute or second is the first one. Months that depend on daylight saving (FD, FE) name no day here.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Iterator

from dlmskit.errors import DecodeError
from dlmskit.types.datetime import LAST_DAY, SECOND_LAST_DAY, CosemDate, CosemDateTime, CosemTime

_FURTHEST = 366 * 4 + 1
"""Days that are looked through: a 29 February is among them."""


def is_on(pattern: CosemDate, day: dt.date) -> bool:
    """Whether a date with open parts means this day."""
    if pattern.year not in {None, day.year} or pattern.month not in {None, day.month}:
        return False
    if pattern.day in {LAST_DAY, SECOND_LAST_DAY}:
        return _from_the_end(pattern, day)
    return pattern.day in {None, day.day} and pattern.weekday in {None, day.isoweekday()}


def _from_the_end(pattern: CosemDate, day: dt.date) -> bool:
    """Whether it is the last or the last but one day of its month; with a weekday, such a weekday."""
    left = monthrange(day.year, day.month)[1] - day.day
    if pattern.weekday is None:
        return left == (1 if pattern.day == SECOND_LAST_DAY else 0)
    return day.isoweekday() == pattern.weekday and left // 7 == (1 if pattern.day == SECOND_LAST_DAY else 0)


def moments(date: CosemDate, time: CosemTime, since: dt.datetime) -> Iterator[dt.datetime]:
    """The moments that are meant, from ``since`` on (local, without zone), in order; a date that is over gives none."""
    at = dt.time(time.hour or 0, time.minute or 0, time.second or 0) if _is_time(time) else None
    day = since.date()
    for _ in range(_FURTHEST):
        if at is not None and is_on(date, day):
            moment = dt.datetime.combine(day, at)
            if moment >= since:
                yield moment
        if day == dt.date.max:
            return
        day += dt.timedelta(days=1)


def _is_time(time: CosemTime) -> bool:
    return (time.hour or 0) < 24 and (time.minute or 0) < 60 and (time.second or 0) < 60


class Window:
    """From ``start`` to ``end``, each with open parts: ``*-*-* 02:00`` to ``*-*-* 04:00`` is every night."""

    def __init__(self, start: CosemDateTime, end: CosemDateTime) -> None:
        self._start = start.date, start.time
        self._end = end.date, end.time

    def opens(self, since: dt.datetime) -> dt.datetime | None:
        """The first moment, ``since`` or later (local, without zone), at which it is open; None where there is none."""
        for start in moments(*self._start, self._earliest(since)):
            end = next(moments(*self._end, start + _A_SECOND), None)
            if end is None or end > since:
                return max(start, since)
        return None

    def _earliest(self, since: dt.datetime) -> dt.datetime:
        """Where a window that is open at ``since`` may have begun."""
        try:
            return dt.datetime.combine(self._start[0].to_date(), dt.time())
        except DecodeError:  # its start comes again
            return since - _LONGEST


_A_SECOND = dt.timedelta(seconds=1)
_LONGEST = dt.timedelta(days=31)
"""A window whose start comes again is no longer than this."""


def next_open(windows: Iterable[Window], since: dt.datetime) -> dt.datetime | None:
    """The first moment at which one of the windows is open; without windows it is always open."""
    windows = tuple(windows)
    if not windows:
        return since
    return min((moment for window in windows if (moment := window.opens(since)) is not None), default=None)
