"""Captures of profiles, on the grid of the meter's own clock: live ones, and those that were missed while nobody ran.

A simulated meter is thought to measure for ever: after a stop it makes up for the captures in between, with the values of
those moments. Real meters would mark them as lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dlmskit.apps.simulator.objects import SimulatedTime
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.server.storage import Database


class Capturing:
    """The captures of one profile."""

    def __init__(self, profile: ProfileGeneric, clock: Clock, time: SimulatedTime, database: Database) -> None:
        self.profile = profile
        self._clock = clock
        self._time = time
        self._database = database
        self._note = f"captured {profile.obis}"
        kept = database.note(self._note)
        self._last = None if kept is None else datetime.fromisoformat(kept)

    def catch_up(self, now: datetime, commissioned: datetime) -> int:
        """Capture everything up to ``now`` that is missing and still fits the buffer; returns how many rows were made."""
        period = timedelta(seconds=self.profile.capture_period)
        if not period:
            return 0
        oldest = now - period * self.profile.profile_entries
        made = 0
        with self._database.transaction():
            for moment in self._grid(max(oldest, commissioned, self._last or oldest), now):
                with self._time.at(moment):
                    self.profile.capture()
                self._last, made = moment, made + 1
            if self._last is not None and made:
                self._database.set_note(self._note, self._last.isoformat())
        return made

    def upcoming(self, now: datetime) -> datetime | None:
        """When the next capture is due; None: never."""
        return next(self._grid(max(now, self._last or now), None), None)

    def _grid(self, after: datetime, until: datetime | None) -> Iterator[datetime]:
        """The capture moments behind ``after`` up to ``until``, in UTC as the machine counts it."""
        rules, offset, profile = self._clock.local_time(), self._clock.offset, self.profile
        moment = after
        while True:
            following = profile.following(moment + offset, rules)
            if following is None:
                return
            moment = following - offset
            if until is not None and moment > until:
                return
            yield moment
