"""Interface class 10, Schedule (Blue Book 4.5.3): scripts by time of day, weekday and special day, one entry each.

A time that daylight saving skips is made up for, one that comes twice counts once. What was missed, in a power cut or by a clock
set forward, runs late as long as its validity window allows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.special_days_table import special_day
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.moments import following
from dlmskit.cosem.scripts import run_script
from dlmskit.cosem.timebound import ON_TIME, TimeBound, local_time_of, next_moment
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemTime
from dlmskit.types.enums import DataAccessResult

ENTRY = (
    "structure{index:long-unsigned,enable:boolean,script_logical_name:logical-name,script_selector:long-unsigned,"
    "switch_time:octet-string(time),validity_window:long-unsigned,exec_weekdays:bit-string(7),exec_specdays:bit-string,"
    "begin_date:octet-string(date),end_date:octet-string(date)}"
)
RANGES = "structure{firstIndexA:long-unsigned,lastIndexA:long-unsigned,firstIndexB:long-unsigned,lastIndexB:long-unsigned}"
LARGEST_INDEX = 9999
UNLIMITED = 0xFFFF
"""A validity_window without end; otherwise it is in minutes, and 0 means exactly on time."""
_ANY_DATE = CosemDate.of()


class Schedule(TimeBound, InterfaceClass, class_id=10, version=0, name="Schedule"):
    """Entries by index. Days follow the Special days table of the logical device, where there is one."""

    entries = attribute(2, f"array<{ENTRY}>", writable=True)
    timetable = (2,)

    @entries.writer
    def _write_entries(self, value: Data, request: Request) -> None:
        indexes = [entry.elements()[0].value for entry in value.elements()]
        if len(set(indexes)) < len(indexes) or not all(1 <= index <= LARGEST_INDEX for index in indexes):
            raise ServiceError(DataAccessResult.OTHER_REASON, "entries", f"indexes from 1 to {LARGEST_INDEX}, each once")
        self.store(2, value)

    @method(1, RANGES, name="enable/disable")
    def enable_disable(self, ranges: Any) -> None:
        """Disable the entries of range A, then enable those of range B; an index of 0 leaves a range out."""
        entries = self.entries
        for first, last, enable in ((ranges[0], ranges[1], False), (ranges[2], ranges[3], True)):
            entries = [one._replace(enable=enable) if first <= one.index <= last else one for one in entries]
        self.entries = entries

    @method(2, ENTRY)
    def insert(self, entry: Any) -> None:
        """Add an entry, in the place of one with the same index."""
        self.entries = [*(one for one in self.entries if one.index != entry.index), entry]

    @method(3, "structure{firstIndex:long-unsigned,lastIndex:long-unsigned}")
    def delete(self, indexes: Any) -> None:
        """Remove the entries of a range of indexes."""
        first, last = indexes
        self.entries = [one for one in self.entries if not first <= one.index <= last]

    # --- by the clock --------------------------------------------------------------------------------------------------

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The next switch time of an enabled entry, on whatever day; whether the day counts is seen then."""
        times = {entry.switch_time for entry in self.entries if entry.enable}
        found = (next_moment(partial(following, at, _ANY_DATE), after, rules) for at in times)
        return min((moment for moment in found if moment is not None), default=None)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """Run the entries whose time this is, in order of index."""
        rules = local_time_of(self.tree)
        for entry in sorted(self.entries, key=lambda one: int(one.index)):
            if entry.enable and _in_time(entry.validity_window, late):
                local = _meant(entry.switch_time, moment, rules)
                if local is not None and self._counts(entry, local.date()):
                    run_script(self.tree, (entry.script_logical_name, entry.script_selector))

    def _counts(self, entry: Any, day: date) -> bool:
        """Whether the entry is for that day: within its dates, and on its weekday or, on a special day, for such a day."""
        if not _within(entry.begin_date, entry.end_date, day):
            return False
        number = special_day(self.tree, day)
        if number is None:
            return bool(entry.exec_weekdays[day.weekday()])
        return number < len(entry.exec_specdays) and bool(entry.exec_specdays[number])


def _meant(at: CosemTime, moment: datetime, rules: LocalTime) -> datetime | None:
    """The local time of a switch time that falls on ``moment``; None where it is another one's."""
    if next_moment(partial(following, at, _ANY_DATE), moment - timedelta(microseconds=1), rules) != moment:
        return None
    return rules.from_utc(moment)[0].replace(tzinfo=None)


def _within(begin: CosemDate, end: CosemDate, day: date) -> bool:
    """Whether a day is from begin to end, both included; open parts limit nothing, and an open year comes round each year."""
    yearly = begin.year is None and end.year is None
    today = (0 if yearly else day.year, day.month, day.day)
    first = (begin.year or 0, begin.month or 0, begin.day or 0)
    last = (end.year or (0 if yearly else date.max.year), end.month or 12, end.day or 31)
    if yearly and first > last:  # over the new year
        return today >= first or today <= last
    return first <= today <= last


def _in_time(window: int, late: timedelta) -> bool:
    return window == UNLIMITED or late < max(timedelta(minutes=window), ON_TIME)
