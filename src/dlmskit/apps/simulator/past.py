"""The past of a simulated meter, lived through moment by moment, so that each has the values of its own time.

A new one has run since long ago: its calendar has switched, its profiles have captured; nobody has paid for it, and no schedule
has run. After a stop of the program it goes on as if there had been none. (A power cut is another matter: what a real meter makes
of it is in `dlmskit.server.living`.)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from dlmskit.apps.simulator.objects import SimulatedTime
from dlmskit.cosem.classes.activity_calendar import ActivityCalendar
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.timebound import TimeBound
from dlmskit.cosem.timing import Timekeeper
from dlmskit.server import Database, Device
from dlmskit.server.living import Life

MOST_MOMENTS = 500_000
"""That are lived through after a stop; then the meter goes on as after a power cut."""
_HAVE_A_PAST: tuple[type[TimeBound], ...] = (ProfileGeneric, ActivityCalendar)
_NOTE = "past"


def commissioning(day: date) -> datetime:
    """When a meter began to measure."""
    return datetime.combine(day, time(), UTC)


def live_through(
    device: Device,
    profiles: Iterable[ProfileGeneric],
    time: SimulatedTime,
    database: Database,
    day: date,
    most: timedelta = timedelta.max,
) -> None:
    """Let a new meter live from its commissioning, as far as its profiles remember. Once; ``most`` bounds it."""
    if database.note(_NOTE) is not None:
        return
    now = time.utc_now()
    depth = max((timedelta(seconds=one.capture_period) * one.profile_entries for one in profiles), default=timedelta())
    began = max(commissioning(day) + timedelta(days=1), now - min(depth, most))
    with database.transaction():
        for logical_device in device:
            for clock in logical_device.tree.of(Clock)[:1] if began < now else ():
                keeper = Timekeeper(logical_device.tree, clock, last=began, kinds=_HAVE_A_PAST)
                while (due := keeper.upcoming()) is not None and due <= now:
                    with time.at(due):
                        keeper.advance()
                keeper.stop()
        database.set_note(_NOTE, now.isoformat())


def go_on(life: Life, time: SimulatedTime) -> int:
    """Live through what is due; returns how many moments were run."""
    now, ran, before = time.real(), 0, None
    while (due := life.due) is not None and due <= now and due != before and ran < MOST_MOMENTS:
        with time.at(due):
            ran += life.advance()
        before = due
    return ran + life.advance()
