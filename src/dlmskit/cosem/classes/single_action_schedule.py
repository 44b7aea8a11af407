"""Interface class 22, Single action schedule (Blue Book 4.5.6): a script, and the times at which it runs.

What was missed, in a power cut or by a clock set forward, runs once when the device is back: the end of a billing period must
not be lost. Companion specifications may want otherwise: see `run_missed`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request, attribute
from dlmskit.cosem.kinds import SCRIPT_REFERENCE
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.moments import following
from dlmskit.cosem.scripts import run_script
from dlmskit.cosem.timebound import ON_TIME, TimeBound, local_time_of, next_moment
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemTime
from dlmskit.types.enums import DataAccessResult

_TYPES = (
    "1=one_entry_wildcards_in_date_allowed,2=n_entries_same_time_no_wildcards_in_date,"
    "3=n_entries_same_time_wildcards_in_date_allowed,4=n_entries_times_may_differ_no_wildcards_in_date,"
    "5=n_entries_times_may_differ_wildcards_in_date_allowed"
)
_ONE_ENTRY = frozenset((1,))
_SAME_TIME = frozenset((2, 3))
_NO_WILDCARDS = frozenset((2, 4))


class SingleActionSchedule(TimeBound, InterfaceClass, class_id=22, version=0, name="Single action schedule"):
    """The times of a script."""

    timetable = (4,)
    run_missed = True
    """Whether an execution that was missed is made up for, once."""

    executed_script = attribute(2, SCRIPT_REFERENCE)
    type = attribute(3, f"enum{{{_TYPES}}}", default=1)
    execution_time = attribute(4, "array<structure{time:octet-string(time),date:octet-string(date)}>", writable=True)

    @execution_time.writer
    def _write_execution_time(self, value: Data, request: Request) -> None:
        """Refuse what contradicts ``type``: number of entries, equal times, open dates; hundredths are 0."""
        entries = [_entry(data) for data in value.elements()]
        kind = self.stored(3).value
        wrong = (
            (kind in _ONE_ENTRY and len(entries) > 1)
            or (kind in _SAME_TIME and len({time for time, _ in entries}) > 1)
            or (kind in _NO_WILDCARDS and not all(_is_one_day(date) for _, date in entries))
            or any(time.hundredths for time, _ in entries)
        )
        if wrong:
            raise ServiceError(DataAccessResult.OTHER_REASON, "execution_time", f"does not fit type {kind}")
        self.store(4, value)

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The next moment of any entry."""
        entries = [_entry(data) for data in self.stored(4).elements()]
        found = (next_moment(partial(following, time, date), after, rules) for time, date in entries)
        return min((moment for moment in found if moment is not None), default=None)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """Run the script; of several missed executions only the last one counts."""
        if late >= ON_TIME:
            again = self.following(moment, local_time_of(self.tree))
            if not self.run_missed or (again is not None and again <= moment + late):
                return
        run_script(self.tree, self.executed_script)


def _entry(data: Data) -> tuple[CosemTime, CosemDate]:
    time, date = data.elements()
    return CosemTime(bytes(time.value)), CosemDate(bytes(date.value))


def _is_one_day(date: CosemDate) -> bool:
    parts: tuple[Any, ...] = (date.year, date.month, date.day)
    return None not in parts and parts[1] <= 12 and parts[2] <= 31
