"""The passive calendar becomes active as a whole, and only when its references hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.activity_calendar import ActivityCalendar
from dlmskit.cosem.classes.special_days_table import SpecialDaysTable
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.enums import DataAccessResult
from tests.cosem.living import SCRIPTS, Living

ACTION = (CosemTime.of(6, 0, 0, 0), "0.0.10.0.100.255", 1)


def calendar(week: bytes = b"W1", day: int = 1) -> ActivityCalendar:
    return ActivityCalendar(
        "0.0.13.0.0.255",
        calendar_name_passive=b"new",
        season_profile_passive=[(b"S1", CosemDateTime.of(), week)],
        week_profile_table_passive=[(b"W1", 1, 1, 1, 1, 1, day, 1)],
        day_profile_table_passive=[(1, [ACTION])],
    )


def test_all_four_at_once() -> None:
    one = calendar()
    one.action(1, Data.integer(0))
    for passive, active in ((6, 2), (7, 3), (8, 4), (9, 5)):
        assert one.get(active) == one.get(passive)
    assert one.calendar_name_active == b"new"


@pytest.mark.parametrize("broken", [calendar(week=b"W9"), calendar(day=9)], ids=["week", "day"])
def test_dangling_references_activate_nothing(broken: ActivityCalendar) -> None:
    with pytest.raises(ServiceError) as refusal:
        broken.action(1, Data.integer(0))
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert broken.calendar_name_active == b""
    assert broken.season_profile_active == []


# --- by the clock ---------------------------------------------------------------------------------------------------------

WINTER, SUMMER = (
    (b"winter", CosemDateTime.of(CosemDate.of(None, 10, 1)), b"w"),
    (b"summer", CosemDateTime.of(CosemDate.of(None, 4, 1)), b"s"),
)
WEEKS_OF_YEAR = [(b"w", 1, 1, 1, 1, 1, 2, 2), (b"s", 3, 3, 3, 3, 3, 2, 2)]


def at(hour: int, number: int) -> tuple[CosemTime, str, int]:
    return CosemTime.of(hour, 0, 0, 0), SCRIPTS, number


DAYS_OF_YEAR = [(1, [at(6, 1), at(22, 2)]), (2, [at(0, 2)]), (3, [at(7, 3), at(21, 4)]), (9, [at(12, 9)])]


def year(*objects: InterfaceClass, start: datetime, **other: object) -> Living:
    values: dict[str, object] = {
        "season_profile_active": [WINTER, SUMMER],
        "week_profile_table_active": WEEKS_OF_YEAR,
        "day_profile_table_active": DAYS_OF_YEAR,
    }
    return Living(ActivityCalendar("0.0.13.0.0.255", **(values | other)), *objects, start=start)


def test_a_week_of_winter_then_summer() -> None:
    device = year(start=datetime(2024, 1, 12, tzinfo=UTC))  # a Friday
    device.until(datetime(2024, 1, 15, 7, tzinfo=UTC))
    assert device.ran == [
        ("2024-01-12 06:00", 1),
        ("2024-01-12 22:00", 2),
        ("2024-01-13 00:00", 2),
        ("2024-01-14 00:00", 2),
        ("2024-01-15 06:00", 1),
    ]
    device = year(start=datetime(2024, 3, 31, 23, tzinfo=UTC))
    device.until(datetime(2024, 4, 1, 21, tzinfo=UTC))
    assert device.ran == [("2024-04-01 07:00", 3), ("2024-04-01 21:00", 4)]


def test_a_special_day_goes_first() -> None:
    days = SpecialDaysTable("0.0.11.0.0.255", entries=[(1, CosemDate.of(None, 1, 15), 9)])
    device = year(days, start=datetime(2024, 1, 15, tzinfo=UTC))
    device.until(datetime(2024, 1, 16, 7, tzinfo=UTC))
    assert device.ran == [("2024-01-15 12:00", 9), ("2024-01-16 06:00", 1)]


def test_after_a_power_cut_the_action_that_holds_is_run_once() -> None:
    device = year(start=datetime(2024, 1, 15, tzinfo=UTC))
    device.until(datetime(2024, 1, 17, 9, tzinfo=UTC), step=timedelta(days=2))
    assert [number for _, number in device.ran] == [1]


def test_at_the_start_the_action_of_yesterday_may_hold() -> None:
    device = year(start=datetime(2024, 1, 16, 3, tzinfo=UTC))
    device.tree.of(ActivityCalendar)[0].resume(datetime(2024, 1, 16, 3, tzinfo=UTC))
    assert device.ran == [("2024-01-16 03:00", 2)]


def test_the_passive_calendar_at_its_time() -> None:
    passive = {
        "calendar_name_passive": b"next",
        "season_profile_passive": [(b"all", CosemDateTime.of(CosemDate.of(None, 1, 1)), b"s")],
        "week_profile_table_passive": WEEKS_OF_YEAR,
        "day_profile_table_passive": DAYS_OF_YEAR,
    }
    device = year(start=datetime(2024, 1, 15, tzinfo=UTC), **passive)
    one = device.tree.of(ActivityCalendar)[0]
    one.activate_passive_calendar_time = CosemDateTime.from_datetime(datetime(2024, 1, 15, 10, tzinfo=UTC))
    device.until(datetime(2024, 1, 15, 9, tzinfo=UTC))
    assert one.calendar_name_active == b""
    device.until(datetime(2024, 1, 15, 10, tzinfo=UTC))
    assert one.calendar_name_active == b"next"
    assert device.ran == [("2024-01-15 06:00", 1), ("2024-01-15 10:00", 3)], "the action of the new calendar that holds"


def test_a_time_of_activation_that_is_past_is_now() -> None:
    device = year(start=datetime(2024, 1, 15, tzinfo=UTC), calendar_name_passive=b"next")
    one = device.tree.of(ActivityCalendar)[0]
    one.activate_passive_calendar_time = CosemDateTime.of()
    assert one.calendar_name_active == b"", "nothing specified: never"
    one.activate_passive_calendar_time = CosemDateTime.from_datetime(datetime(2024, 1, 14, tzinfo=UTC))
    assert one.calendar_name_active == b"next"


def test_a_calendar_without_actions_is_never_due() -> None:
    device = Living(ActivityCalendar("0.0.13.0.0.255"))
    assert device.keeper.upcoming() is None
