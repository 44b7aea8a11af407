"""A device that lives: what is due by the clock is run, and values are watched, in each of its logical devices.

Nothing here waits: whoever has a clock asks `Life.due` when to come back, lets it `advance`, and is told by ``on_change`` that
something may be due sooner. Up to when everything has run is kept with the state, in the transaction that ran it, so that after a
power cut each object decides once about what was missed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.activity_calendar import ActivityCalendar
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.supervision import Supervisor, Watcher
from dlmskit.cosem.timebound import TimeBound
from dlmskit.cosem.timing import CLOCK_STATUS, MOST_MISSED, Timekeeper
from dlmskit.cosem.view import log_fault
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE

if TYPE_CHECKING:
    from dlmskit.server.device import Device
    from dlmskit.server.logical_device import LogicalDevice
    from dlmskit.server.storage import Database

_NOTE = "lived until"
_CALENDAR_IN_FORCE = frozenset((2, 3, 4, 5))
At = Callable[[datetime], AbstractContextManager[None]]


class Life:
    """What a device does by itself. Make it when the device is ready.

    ``at`` lets the clock of the device show a moment for a while. ``most_missed`` bounds what one object makes up for.
    """

    def __init__(self, device: Device, *, at: At | None = None, most_missed: int = MOST_MISSED) -> None:
        self._device = device
        self.on_change: Callable[[], None] | None = None
        """Called when an object may be due sooner than `due` said."""
        self._parts = [
            _Part(device, logical_device, clock, at, most_missed, self._changed)
            for logical_device in device
            for clock in logical_device.tree.of(Clock)[:1]
        ]

    @property
    def due(self) -> datetime | None:
        """When something is due next, on the clock of the machine; None where never."""
        return min((moment for part in self._parts if (moment := part.due) is not None), default=None)

    @property
    def watches(self) -> bool:
        """Whether there are monitors that want values which nobody stores: they are polled by `advance`."""
        return any(part.watches for part in self._parts)

    def advance(self) -> int:
        """Run what has become due, let calendars run the action that holds, poll what is watched; how many moments were run."""
        return sum(part.advance() for part in self._parts)

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


class _Part:
    """One logical device with its clock."""

    def __init__(
        self,
        device: Device,
        logical_device: LogicalDevice,
        clock: Clock,
        at: At | None,
        most_missed: int,
        changed: Callable[[], None],
    ) -> None:
        self._device, self._tree, self._clock = device, logical_device.tree, clock
        self._note = f"{_NOTE} {logical_device.sap}"
        self._changed = changed
        kept = None if device.database is None else device.database.note(self._note)
        own = None if at is None else (lambda moment: at(moment - clock.offset))
        last = None if kept is None else datetime.fromisoformat(kept)
        self._timekeeper = Timekeeper(self._tree, clock, last=last, at=own, most_missed=most_missed)
        self._supervisor = Supervisor(self._tree)
        self._kept = kept is not None
        self._resume = True
        """Whether calendars must look which action holds: at the start, after the clock was set, with another calendar."""
        self._tree.observers.append(self._stored)

    @property
    def due(self) -> datetime | None:
        upcoming = self._timekeeper.upcoming()
        moment = None if upcoming is None else upcoming - self._clock.offset
        if not self._resume:
            return moment
        now = self._device.clock.utc_now()
        return now if moment is None else min(moment, now)

    @property
    def watches(self) -> bool:
        return any(isinstance(one, Watcher) and one.polled for one in self._tree)

    def advance(self) -> int:
        before = self._timekeeper.last
        with self._device.turn():
            ran = self._timekeeper.advance()
            last = self._timekeeper.last
            if last is not None and (ran or not self._kept or before is None or last < before):
                self._keep(last)
            if self._resume:
                self._resume = False
                self._run_calendars()
            self._supervisor.poll()
        self._device.look_at_store()
        return ran

    def _run_calendars(self) -> None:
        now = self._clock.utc()
        if now is None:
            return
        for calendar in self._tree.of(ActivityCalendar):
            try:
                calendar.resume(now)
            except Exception as error:  # noqa: BLE001 - as in a timekeeper: one failure must not stop the others
                log_fault(f"{calendar!r}", error)

    def _stored(self, changed: InterfaceClass, number: int, _value: Data) -> None:
        if (isinstance(changed, Clock) and number != CLOCK_STATUS) or (
            isinstance(changed, ActivityCalendar) and number in _CALENDAR_IN_FORCE
        ):
            self._resume = True
        elif not (isinstance(changed, TimeBound) and number in changed.timetable):
            return
        # What a new timetable would have run before now is not made up for after a power cut either.
        if self._timekeeper.last is not None:
            self._keep(self._timekeeper.last)
        self._changed()

    def _keep(self, last: datetime) -> None:
        self._kept = True
        if self._device.database is not None:
            self._device.database.set_note(self._note, last.isoformat())


def last_lived(database: Database) -> datetime | None:
    """Up to when the management logical device of a state has lived; None for new state."""
    kept = database.note(f"{_NOTE} {MANAGEMENT_LOGICAL_DEVICE}")
    return None if kept is None else datetime.fromisoformat(kept)
