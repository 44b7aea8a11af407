"""Single action schedules run their scripts, each time once."""

from __future__ import annotations

from datetime import UTC, datetime

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.classes.single_action_schedule import SingleActionSchedule
from dlmskit.server.schedules import Schedules
from dlmskit.types.datetime import CosemDate, CosemTime
from tests.server.peers import MANAGEMENT, device_of
from tests.server.push.pushing import EVERYTHING

TABLE, NOTE = "0.0.10.0.108.255", "0.0.96.1.1.255"
DAILY = (CosemTime.of(13, 0, 0).octets, CosemDate.of().octets)


def schedules(*entries: object, kind: int = 5, script: int = 1) -> tuple[Schedules, DataObject]:
    """At noon of 15 January 2024, UTC."""
    note = DataObject(NOTE, value=Data.unsigned(0))
    table = ScriptTable(TABLE, scripts=[(1, [(1, 1, NOTE, 2, Data.unsigned(7))])])
    timed = SingleActionSchedule("0.0.15.0.4.255", executed_script=(TABLE, script), type=kind, execution_time=list(entries))
    device = device_of([note, table, timed], {MANAGEMENT: EVERYTHING})
    return Schedules(device), note


def forward(made: Schedules, **by: float) -> None:
    made._device.clock.forward(**by)  # type: ignore[attr-defined]


def test_a_script_runs_when_its_time_comes_and_once() -> None:
    made, note = schedules(DAILY)
    assert made.due == datetime(2024, 1, 15, 13, tzinfo=UTC)
    assert made.run_due() == 0
    forward(made, hours=1)
    assert made.run_due() == 1
    assert note.value == 7
    assert made.run_due() == 0
    assert made.due == datetime(2024, 1, 16, 13, tzinfo=UTC)


def test_what_was_missed_runs_once() -> None:
    made, _ = schedules(DAILY)
    forward(made, days=3)
    assert made.run_due() == 1
    assert made.run_due() == 0


def test_the_first_of_several_entries() -> None:
    made, _ = schedules((CosemTime.of(12, 30, 0).octets, CosemDate.of().octets), DAILY)
    assert made.due == datetime(2024, 1, 15, 12, 30, tzinfo=UTC)


def test_a_schedule_that_is_over_and_a_script_that_is_not_there() -> None:
    over, _ = schedules((CosemTime.of(0, 0, 0).octets, CosemDate.of(2020, 1, 1).octets), kind=4)
    assert over.due is None
    broken, note = schedules(DAILY, script=9)
    forward(broken, hours=2)
    assert broken.run_due() == 1
    assert note.value == 0
