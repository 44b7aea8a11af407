"""A timekeeper runs what is due in order, late where it was missed, and survives what fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.demand_register import DemandRegister
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.classes.single_action_schedule import SingleActionSchedule
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.selective import CLOCK_TIME
from dlmskit.cosem.timebound import TimeBound, local_time_of
from dlmskit.cosem.timing import Timekeeper
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from tests.cosem.living import CET, SCRIPTS, Living

START = datetime(2024, 1, 15, 12, tzinfo=UTC)


def hourly(number: int) -> SingleActionSchedule:
    entries = [(CosemTime.of(None, 0, 0, 0), CosemDate.of())]
    return SingleActionSchedule(f"0.0.15.0.{number}.255", executed_script=(SCRIPTS, number), type=1, execution_time=entries)


def test_objects_are_run_in_order_of_time() -> None:
    daily = SingleActionSchedule(
        "0.0.15.0.9.255", executed_script=(SCRIPTS, 9), execution_time=[(CosemTime.of(13, 30, 0, 0), CosemDate.of())]
    )
    device = Living(hourly(1), daily)
    assert device.keeper.upcoming() == START + timedelta(hours=1)
    device.until(START + timedelta(hours=2))
    assert device.ran == [("2024-01-15 13:00", 1), ("2024-01-15 13:30", 9), ("2024-01-15 14:00", 1)]


def test_what_fails_does_not_stop_the_others() -> None:
    device = Living(hourly(1), DemandRegister("1.0.1.4.0.255", period=900, last_average_value=Data.unsigned(0)))
    device.scripts.fails = True
    device.until(START + timedelta(hours=1))
    assert len(device.faults) == 1
    assert "0.0.15.0.1.255" in device.faults[0]
    assert str(device.tree.of(DemandRegister)[0].capture_time).startswith("2024-01-15 13:00")


def test_a_new_timetable_counts_at_once() -> None:
    one = hourly(1)
    device = Living(one)
    assert device.keeper.upcoming() == START + timedelta(hours=1)
    one.execution_time = [(CosemTime.of(12, 10, 0, 0), CosemDate.of())]
    assert device.keeper.upcoming() == START + timedelta(minutes=10)
    one.execution_time = []
    assert device.keeper.upcoming() is None


def test_a_clock_that_is_set_back_begins_anew_from_there() -> None:
    device = Living(hourly(1))
    device.until(START + timedelta(hours=1))
    device.clock.set_utc(START - timedelta(days=3650))
    assert device.keeper.advance() == 0
    assert device.keeper.upcoming() == START - timedelta(days=3650) + timedelta(hours=1)


def test_a_clock_set_far_forward_costs_bounded_work() -> None:
    device = Living(DemandRegister("1.0.1.4.0.255", period=60))
    device.keeper = Timekeeper(device.tree, device.clock, most_missed=10)
    device.clock.set_utc(START + timedelta(days=3650))
    assert device.keeper.advance() == 10
    assert device.keeper.upcoming() == START + timedelta(days=3650, minutes=1)


def test_a_missed_period_leaves_a_gap_in_a_profile() -> None:
    register = Register("1.0.1.8.0.255", value=Data.double_long_unsigned(7))
    profile = ProfileGeneric("1.0.99.1.0.255", capture_period=900, profile_entries=100, capture_objects=[CLOCK_TIME])
    device = Living(register, profile)
    device.until(START + timedelta(minutes=30))
    device.until(START + timedelta(hours=5), step=timedelta(hours=5))
    device.until(START + timedelta(hours=5, minutes=15))
    moments = [str(CosemDateTime(row[0]))[11:16] for row in profile.buffer]
    assert moments == ["12:15", "12:30", "17:00", "17:15"]


def test_a_missed_execution_is_made_up_for_once() -> None:
    missed, strict = hourly(1), hourly(2)
    strict.run_missed = False
    device = Living(missed, strict)
    device.until(START + timedelta(hours=5, minutes=30), step=timedelta(hours=5))
    assert [number for _, number in device.ran] == [1]


def test_the_last_moment_is_remembered() -> None:
    device = Living(hourly(1))
    keeper = Timekeeper(device.tree, device.clock, last=START - timedelta(minutes=90))
    assert keeper.advance() == 2
    assert [number for _, number in device.ran] == [1], "of two missed ones the last counts"


def test_a_device_without_time_waits() -> None:
    device = Living(hourly(1))
    device.tree.clock = None
    keeper = Timekeeper(device.tree, device.clock)
    assert (keeper.last, keeper.upcoming(), keeper.advance()) == (None, None, 0)


def test_a_time_that_daylight_saving_skips_is_run_and_one_that_comes_twice_is_run_once() -> None:
    night = SingleActionSchedule(
        "0.0.15.0.1.255", executed_script=(SCRIPTS, 1), execution_time=[(CosemTime.of(2, 30, 0, 0), CosemDate.of())]
    )
    device = Living(night, start=datetime(2024, 3, 30, 12, tzinfo=UTC), **CET)
    device.until(datetime(2024, 3, 31, 12, tzinfo=UTC))
    assert device.ran == [("2024-03-31 03:30", 1)]
    device = Living(night, start=datetime(2024, 10, 26, 12, tzinfo=UTC), **CET)
    device.until(datetime(2024, 10, 27, 12, tzinfo=UTC))
    assert device.ran == [("2024-10-27 02:30", 1)]


def test_local_time_without_a_clock_is_utc() -> None:
    assert local_time_of(ObjectTree()) == LocalTime()


def test_demand_follows_the_grid() -> None:
    demand = DemandRegister("1.0.1.4.0.255", period=900, current_average_value=Data.double_long_unsigned(0),
                            last_average_value=Data.double_long_unsigned(0))  # fmt: skip
    device = Living(demand, start=datetime(2024, 1, 15, 12, 7, tzinfo=UTC))
    assert isinstance(demand, TimeBound)
    demand.add(900 * 1000)
    device.until(datetime(2024, 1, 15, 12, 15, tzinfo=UTC))
    assert (demand.last_average_value, demand.current_average_value) == (1000, 0)
