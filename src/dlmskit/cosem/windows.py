"""Windows of time with open parts: from ``*-*-* 22:00`` to ``*-*-* 02:00`` is every night (Blue Book, communication_window).

An open hour, minute or second is the first one. Times are local, without zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from dlmskit.cosem.moments import following
from dlmskit.errors import DecodeError
from dlmskit.types.datetime import CosemDateTime, CosemTime

_A_SECOND = dt.timedelta(seconds=1)
_LONGEST = dt.timedelta(days=31)
"""A window whose start comes again is no longer than this."""


class Window:
    """From ``start`` to ``end``, the end not included; an end in which nothing is specified never comes."""

    def __init__(self, start: CosemDateTime, end: CosemDateTime) -> None:
        self._start = _first(start.time), start.date
        self._end = _first(end.time), end.date
        self._endless = end.octets[:8] == b"\xff" * 8

    def opens(self, since: dt.datetime) -> dt.datetime | None:
        """The first moment, ``since`` or later, at which it is open; None where there is none."""
        start = following(*self._start, self._earliest(since) - _A_SECOND)
        while start is not None:
            end = following(*self._end, start)
            if self._endless or (end is not None and end > since):
                return max(start, since)
            if end is None:
                return None  # over for ever
            start = following(*self._start, start)
        return None

    def _earliest(self, since: dt.datetime) -> dt.datetime:
        """Where a window that is open at ``since`` may have begun."""
        try:
            return dt.datetime.combine(self._start[1].to_date(), dt.time())
        except DecodeError:  # its start comes again
            return since - _LONGEST


def _first(time: CosemTime) -> CosemTime:
    return CosemTime.of(time.hour or 0, time.minute or 0, time.second or 0)


def next_open(windows: Iterable[Window], since: dt.datetime) -> dt.datetime | None:
    """The first moment at which one of the windows is open; without windows it is always open."""
    windows = tuple(windows)
    if not windows:
        return since
    return min((moment for window in windows if (moment := window.opens(since)) is not None), default=None)
