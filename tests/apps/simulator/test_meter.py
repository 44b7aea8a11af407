"""A simulated meter over its life: a past that agrees with its registers, captures on the clock, restarts without gaps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dlmskit.apps.simulator.description import Description, read_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError
from dlmskit.server import Database
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis

HOUSEHOLD = Path(__file__).parents[3] / "examples" / "household.toml"
LOAD, DAILY, ENERGY = Obis("1.0.99.1.0.255"), Obis("1.0.99.2.0.255"), Obis("1.0.1.8.0.255")


class Time:
    def __init__(self, *start: int) -> None:
        self.moment = datetime(*start, tzinfo=UTC)  # type: ignore[arg-type,misc]

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture(scope="module")
def description() -> Description:
    """The household with a week of load profile, to be quick."""
    whole = read_description(HOUSEHOLD)
    load, daily = whole.profile
    profiles = (msgspec.structs.replace(load, depth=7 * 96), msgspec.structs.replace(daily, depth=30))
    return msgspec.structs.replace(whole, profile=profiles)


@pytest.fixture
def time() -> Time:
    return Time(2024, 5, 20, 10, 7)


@pytest.fixture
def meter(description: Description, time: Time) -> Iterator[SimulatedMeter]:
    made = SimulatedMeter(description, now=time)
    yield made
    made.close()


def rows(meter: SimulatedMeter, profile: Obis = LOAD) -> list[Any]:
    found: list[Any] = meter.device[1].tree.get(7, profile).get(2).value
    return found


def moment(row: Any) -> datetime:
    return CosemDateTime(row[0]).to_datetime()


def test_it_starts_with_a_past(meter: SimulatedMeter, time: Time) -> None:
    found = rows(meter)
    assert len(found) == 7 * 96
    assert [moment(row) for row in found] == [
        datetime(2024, 5, 20, 10, tzinfo=UTC) - timedelta(minutes=15 * back) for back in range(7 * 96 - 1, -1, -1)
    ]
    for row in found[::50]:
        assert row[2] == int(meter.measurement.energies(moment(row)).active_import)
    assert found[-1][2] <= meter.device[1].tree.get(3, ENERGY).get(2).value


def test_daily_rows_are_taken_at_midnight_of_their_own_day(description: Description) -> None:
    """Over the change to summer time, 31 March 2024, whose day has 23 hours."""
    meter = SimulatedMeter(description, now=Time(2024, 4, 2, 10))
    times = [CosemDateTime(row[0]) for row in rows(meter, DAILY)]
    assert {(time.hour, time.minute) for time in times} == {(0, 0)}
    days = [time.to_datetime().date() for time in times]
    assert days == [days[0] + timedelta(days=number) for number in range(30)]
    assert [time.deviation for time in times[-3:]] == [-60, -120, -120]
    meter.close()


@pytest.mark.parametrize(("day", "quarters"), [((2024, 3, 31), 92), ((2024, 10, 27), 100), ((2024, 5, 5), 96)])
def test_a_day_of_23_or_25_hours_has_all_its_quarters(description: Description, day: tuple[int, int, int], quarters: int) -> None:
    meter = SimulatedMeter(description, now=Time(*day, 23, 30))  # half past midnight of the next day, or later
    stamps = [CosemDateTime(row[0]) for row in rows(meter)]
    assert sum((one.year, one.month, one.day) == day for one in stamps) == quarters
    assert all(later - earlier == timedelta(minutes=15) for earlier, later in pairwise(map(CosemDateTime.to_datetime, stamps)))
    meter.close()


def test_it_captures_when_it_is_time(meter: SimulatedMeter, time: Time) -> None:
    assert meter.catch_up() == 0
    time.moment += timedelta(minutes=7, seconds=59)
    assert meter.catch_up() == 0
    time.moment += timedelta(seconds=2)
    assert meter.catch_up() == 1
    assert moment(rows(meter)[-1]) == datetime(2024, 5, 20, 10, 15, tzinfo=UTC)
    assert len(rows(meter)) == 7 * 96


def test_a_clock_that_was_set_moves_the_grid(meter: SimulatedMeter, time: Time) -> None:
    clock = meter.device[1].tree.get(8, Obis("0.0.1.0.0.255"))
    clock.action(6, Data.long(600))
    time.moment += timedelta(minutes=1)
    assert meter.catch_up() == 1
    assert moment(rows(meter)[-1]) == datetime(2024, 5, 20, 10, 15, tzinfo=UTC)


def test_after_a_stop_it_makes_up_for_what_was_missed(description: Description, time: Time, tmp_path: Path) -> None:
    path = tmp_path / "meter.sqlite"
    SimulatedMeter(description, Database(path), now=time).close()
    time.moment += timedelta(hours=5)
    stopped = SimulatedMeter(description, Database(path), now=time)
    never_stopped = SimulatedMeter(description, now=time)
    assert rows(stopped) == rows(never_stopped)
    assert rows(stopped, DAILY) == rows(never_stopped, DAILY)
    stopped.close()
    never_stopped.close()


def test_state_belongs_to_one_description(description: Description, time: Time, tmp_path: Path) -> None:
    path = tmp_path / "meter.sqlite"
    SimulatedMeter(description, Database(path), now=time).close()
    other = msgspec.structs.replace(description.profile[0], columns=("0.0.1.0.0.255", "1.0.1.7.0.255"))
    database = Database(path)
    with pytest.raises(ConfigError, match=r"profile 1: .*columns of 1 1.0.99.1.0.255"):
        SimulatedMeter(msgspec.structs.replace(description, profile=(other,)), database, now=time)
    database.close()


def test_a_seed_is_a_family(description: Description, time: Time, meter: SimulatedMeter) -> None:
    again = SimulatedMeter(description, now=time)
    assert rows(again) == rows(meter)
    household = msgspec.structs.replace(description.household, seed=99)
    other = SimulatedMeter(msgspec.structs.replace(description, household=household), now=time)
    assert rows(other) != rows(meter)
    again.close()
    other.close()
