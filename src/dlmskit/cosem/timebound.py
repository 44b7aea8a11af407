"""An object that is due at moments of its own: what a timekeeper asks of it (Blue Book 4.5)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, runtime_checkable

from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.objects import CLOCK_CLASS, ObjectTree

LONGEST_WITHIN_AN_HOUR = 3600
ON_TIME = timedelta(minutes=1)
"""What runs later than that was missed: the device was off, or its clock was set forward."""


@runtime_checkable
class HasLocalTime(Protocol):
    """A clock that has rules of local time."""

    def local_time(self) -> LocalTime:
        """The rules as they are now."""
        ...


class TimeBound(ABC):
    """Mixed into an interface class that does something by the clock."""

    timetable: ClassVar[Collection[int]] = ()
    """Attributes that say when: a change of one of them, and the object is asked again."""

    @abstractmethod
    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The first moment behind ``after`` at which the object is due, in UTC of the device's clock; None: never."""

    @abstractmethod
    def reached(self, moment: datetime, late: timedelta) -> None:
        """The moment has come. ``late`` is how long ago: more than nothing after a power cut or a clock set forward."""


def next_moment(find: Callable[[datetime], datetime | None], after: datetime, rules: LocalTime) -> datetime | None:
    """The first moment in UTC behind ``after``, where ``find`` gives the first local one behind a local one.

    A time that daylight saving skips is due as if it had not been skipped; one that comes twice is due the first time.
    """
    local = rules.from_utc(after)[0].replace(tzinfo=None)
    while (found := find(local)) is not None:
        moment = rules.to_utc(found)
        if moment > after:
            return moment
        local = found
    return None


def next_of_period(seconds: int, after: datetime, rules: LocalTime) -> datetime | None:
    """The next end of a period of ``seconds``, counted from local midnight; the last one of a day ends at midnight. None for 0.

    Up to an hour the grid is the same in summer and winter, and the hour that comes twice has its ends twice. Longer periods go
    by the clock on the wall.
    """
    if not seconds:
        return None
    local = rules.from_utc(after)[0]
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = (local - midnight) // timedelta(seconds=seconds)
    ends = min(midnight + timedelta(seconds=seconds * (passed + 1)), midnight + timedelta(days=1))
    return rules.to_utc(ends if seconds <= LONGEST_WITHIN_AN_HOUR else ends.replace(tzinfo=None))


def local_time_of(tree: ObjectTree) -> LocalTime:
    """The rules of local time of a logical device: those of its Clock, else UTC."""
    for one in tree:
        if one.class_id == CLOCK_CLASS and isinstance(one, HasLocalTime):
            return one.local_time()
    return LocalTime()
