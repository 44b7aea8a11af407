"""A device that lives: its schedules run, each time once, also over a power cut, and its calendars hold what holds now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.activity_calendar import ActivityCalendar
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.classes.single_action_schedule import SingleActionSchedule
from dlmskit.server import Database, Device, LogicalDevice
from dlmskit.server.living import Life
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle
from tests.cosem.peers import StandingClock

TABLE, NOTE, SCHEDULE, CALENDAR = "0.0.10.0.108.255", "0.0.96.1.1.255", "0.0.15.0.4.255", "0.0.13.0.0.255"
NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)


def daily(hour: int, minute: int = 0) -> tuple[bytes, bytes]:
    return CosemTime.of(hour, minute, 0, 0).octets, CosemDate.of().octets


class Meter:
    """At noon; script n writes n into a note, and the times are counted."""

    def __init__(
        self, *entries: object, kind: int = 5, script: int = 1, path: Path | None = None, start: datetime = NOON
    ) -> None:
        self.time = StandingClock(start)
        self.note = DataObject(NOTE, value=Data.unsigned(0))
        scripts = [(number, [(1, 1, NOTE, 2, Data.unsigned(number))]) for number in range(1, 4)]
        timed = SingleActionSchedule(SCHEDULE, executed_script=(TABLE, script), type=kind, execution_time=list(entries))
        self.calendar = ActivityCalendar(CALENDAR)
        objects = [Clock(), self.note, ScriptTable(TABLE, scripts=scripts), timed, self.calendar]
        self.device = Device(SystemTitle("4C41420000000001"), clock=self.time, database=None if path is None else Database(path))
        self.device.add(LogicalDevice(1, "LAB0000000000001", objects, clock=self.time))
        self.device.ready()
        self.life = Life(self.device)
        self.ran = 0
        self.tree.observers.append(self._stored)

    @property
    def tree(self) -> Any:
        return self.device[1].tree

    def _stored(self, changed: object, number: int, _: Data) -> None:
        self.ran += changed is self.note

    def forward(self, **by: float) -> int:
        self.time.moment += timedelta(**by)
        return self.life.advance()


def test_a_script_runs_when_its_time_comes_and_once() -> None:
    meter = Meter(daily(13))
    meter.life.advance()
    assert meter.life.due == datetime(2024, 1, 15, 13, tzinfo=UTC)
    assert meter.life.advance() == 0
    assert meter.forward(hours=1) == 1
    assert meter.note.value == 1
    assert meter.life.advance() == 0
    assert meter.life.due == datetime(2024, 1, 16, 13, tzinfo=UTC)


def test_what_was_missed_runs_once() -> None:
    meter = Meter(daily(13))
    meter.forward(days=3)
    assert meter.ran == 1
    assert meter.life.advance() == 0


def test_what_a_power_cut_made_it_miss_runs_when_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "meter.sqlite"
    before = Meter(daily(13), path=path)
    before.life.advance()
    before.device.close()
    after = Meter(daily(13), path=path, start=NOON + timedelta(hours=2))
    after.life.advance()
    assert after.ran == 1
    after.device.close()
    again = Meter(daily(13), path=path, start=NOON + timedelta(hours=3))
    again.life.advance()
    assert again.ran == 0
    again.device.close()


def test_a_schedule_that_is_written_after_its_time_is_not_made_up_for_after_a_power_cut(tmp_path: Path) -> None:
    path = tmp_path / "meter.sqlite"
    before = Meter(path=path)
    before.forward(hours=2)
    before.tree.get(22, Obis(SCHEDULE)).set(4, Data.array([Data.structure(map(Data.octet_string, daily(13)))]))
    before.device.close()
    after = Meter(path=path, start=NOON + timedelta(hours=3))
    after.life.advance()
    assert after.ran == 0
    after.device.close()


def test_the_first_of_several_entries() -> None:
    meter = Meter(daily(12, 30), daily(13))
    meter.life.advance()
    assert meter.life.due == datetime(2024, 1, 15, 12, 30, tzinfo=UTC)


def test_a_schedule_that_is_over_and_a_script_that_is_not_there() -> None:
    over = Meter((CosemTime.of(0, 0, 0, 0).octets, CosemDate.of(2020, 1, 1).octets), kind=4)
    over.life.advance()
    assert over.life.due is None
    broken = Meter(daily(13), script=9)
    assert broken.forward(hours=2) == 1
    assert broken.note.value == 0


def test_a_calendar_that_becomes_active_runs_what_holds_now_and_so_does_a_clock_that_is_set() -> None:
    meter = Meter()
    meter.life.advance()
    woken: list[bool] = []
    meter.life.on_change = lambda: woken.append(True)
    day = [(CosemTime.of(hour, 0, 0, 0), TABLE, number) for hour, number in ((6, 1), (11, 2), (22, 3))]
    meter.calendar.store(9, ActivityCalendar.day_profile_table_passive.kind.encode([(1, day)]))
    meter.calendar.store(8, ActivityCalendar.week_profile_table_passive.kind.encode([(b"all", *[1] * 7)]))
    meter.calendar.store(7, ActivityCalendar.season_profile_passive.kind.encode([(b"year", CosemDateTime.of(), b"all")]))
    assert not woken
    meter.calendar.action(1, Data.integer(0))
    assert woken
    meter.life.advance()
    assert meter.note.value == 2
    meter.tree.get(8, Obis("0.0.1.0.0.255")).set_utc(NOON - timedelta(hours=4))
    meter.life.advance()
    assert meter.note.value == 1
