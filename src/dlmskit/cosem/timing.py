"""What happens by the clock: objects say when they are due, a timekeeper runs them in order (Blue Book 4.5).

Nothing here waits. Whoever has a clock asks `Timekeeper.upcoming` when to come back, and then lets it `advance`. What was due
while nobody came (a power cut, a clock set forward) is run late, and each object decides what of it still counts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.timebound import TimeBound
from dlmskit.cosem.view import Fault, log_fault

__all__ = ["TimeBound", "Timekeeper"]

CLOCK_STATUS = 4
MOST_MISSED = 4096
"""Moments of one object that are made up for; older ones are passed over."""


class Timekeeper:
    """Runs the time-bound objects of one logical device. All moments are the device's own time, in UTC.

    ``last`` is up to when everything has run, as the device remembers it; without it nothing was missed. ``at`` lets the time of
    the device be the moment that is run, for those who make up for the past. ``kinds`` are the classes whose objects are run.
    """

    def __init__(
        self,
        tree: ObjectTree,
        clock: Clock,
        *,
        last: datetime | None = None,
        at: Callable[[datetime], AbstractContextManager[None]] | None = None,
        fault: Fault = log_fault,
        most_missed: int = MOST_MISSED,
        kinds: tuple[type[TimeBound], ...] = (TimeBound,),
    ) -> None:
        self._tree = tree
        self._clock = clock
        self._at = at or (lambda _moment: nullcontext())
        self._fault = fault
        self._most_missed = most_missed
        self._kinds = kinds
        now = clock.utc()
        self.last: datetime | None = now if last is None else last
        """Up to when everything has run; None while the logical device has no clock."""
        self._due: dict[TimeBound, datetime | None] | None = None
        tree.observers.append(self._changed)

    def upcoming(self) -> datetime | None:
        """When the next object is due; None: never, as things stand."""
        return min((due for due in self._agenda().values() if due is not None), default=None)

    def advance(self) -> int:
        """Run everything that is due now, in order of time; returns how many moments were run.

        A clock that was set back begins anew from there: what it comes to again is run again.
        """
        now = self._clock.utc()
        if now is None:
            return 0
        if self.last is None or now < self.last:
            self.last = now
            self._due = None
            return 0
        ran = 0
        left = dict.fromkeys(self._agenda(), self._most_missed)
        while (found := self._next(now)) is not None:
            one, moment = found
            self.last = moment
            if left.get(one, 0) > 0:
                left[one] = left[one] - 1
                self._run(one, moment, now - moment)
                ran += 1
                self._plan(one, moment)
            else:  # too much was missed: go on with what is still to come
                self._plan(one, now)
        self.last = now
        return ran

    def clock_set(self) -> None:
        """The clock, its zone or its daylight saving were changed: look again when who is due."""
        self._due = None

    def stop(self) -> None:
        """Run nothing any more."""
        self._tree.observers.remove(self._changed)

    def _next(self, now: datetime) -> tuple[TimeBound, datetime] | None:
        due = [(moment, order, one) for order, (one, moment) in enumerate(self._agenda().items()) if moment is not None]
        if not due:
            return None
        moment, _, one = min(due, key=lambda item: item[:2])
        return (one, moment) if moment <= now else None

    def _run(self, one: TimeBound, moment: datetime, late: timedelta) -> None:
        try:
            with self._at(moment):
                one.reached(moment, late)
        except Exception as error:  # noqa: BLE001 - one object's failure must not stop the others
            self._fault(f"{one!r} at {moment.isoformat()}", error)

    def _agenda(self) -> dict[TimeBound, datetime | None]:
        if self._due is None:
            self._due = {one: None for one in self._tree if isinstance(one, self._kinds)}
            for one in self._due:
                self._plan(one, self.last)
        return self._due

    def _plan(self, one: TimeBound, after: datetime | None) -> None:
        if self._due is not None and after is not None:
            self._due[one] = one.following(after, self._clock.local_time())

    def _changed(self, one: InterfaceClass, number: int, _value: Data) -> None:
        """An object that is stored anew may be due at another time; a clock that is, moves all."""
        if one is self._clock:
            if number != CLOCK_STATUS:
                self._due = None
        elif self._due is not None and isinstance(one, self._kinds) and number in one.timetable:
            self._plan(one, self.last)
