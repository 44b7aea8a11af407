"""Entries of a schedule: by weekday, special day, dates; late within their window; ranges of indexes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.schedule import UNLIMITED, Schedule
from dlmskit.cosem.classes.special_days_table import SpecialDaysTable
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemTime
from tests.cosem.living import SCRIPTS, Living

START = datetime(2024, 1, 15, tzinfo=UTC)  # a Monday
EVERY_DAY = "1111111"
OPEN = CosemDate.of()


def entry(index: int, hour: int = 6, **other: Any) -> dict[str, Any]:
    return {
        "index": index,
        "enable": True,
        "script_logical_name": SCRIPTS,
        "script_selector": index,
        "switch_time": CosemTime.of(hour, 0, 0, 0),
        "validity_window": 0,
        "exec_weekdays": EVERY_DAY,
        "exec_specdays": "0000",
        "begin_date": OPEN,
        "end_date": OPEN,
    } | other


def living(*entries: dict[str, Any], days: SpecialDaysTable | None = None) -> Living:
    return Living(Schedule("0.0.12.0.0.255", entries=list(entries)), *([days] if days else []), start=START)


def schedule(device: Living) -> Schedule:
    return device.tree.of(Schedule)[0]


def test_weekdays() -> None:
    device = living(entry(1, exec_weekdays="1000001"))
    device.until(START + timedelta(days=8))
    assert [when[:10] for when, _ in device.ran] == ["2024-01-15", "2024-01-21", "2024-01-22"]


def test_special_days_go_first() -> None:
    days = SpecialDaysTable("0.0.11.0.0.255", entries=[(1, CosemDate.of(None, 1, 16), 2)])
    device = living(entry(1), entry(2, exec_specdays="0010", exec_weekdays="0000000"), days=days)
    device.until(START + timedelta(days=3))
    assert device.ran == [("2024-01-15 06:00", 1), ("2024-01-16 06:00", 2), ("2024-01-17 06:00", 1)]


def test_dates() -> None:
    device = living(entry(1, begin_date=CosemDate.of(2024, 1, 16), end_date=CosemDate.of(2024, 1, 17)))
    device.until(START + timedelta(days=5))
    assert [when[:10] for when, _ in device.ran] == ["2024-01-16", "2024-01-17"]


@pytest.mark.parametrize(
    ("begin", "end", "day", "counts"),
    [
        (CosemDate.of(None, 4, 1), CosemDate.of(None, 9, 30), date(2031, 4, 1), True),
        (CosemDate.of(None, 4, 1), CosemDate.of(None, 9, 30), date(2031, 10, 1), False),
        (CosemDate.of(None, 11, 1), CosemDate.of(None, 2, 28), date(2031, 1, 1), True),
        (CosemDate.of(None, 11, 1), CosemDate.of(None, 2, 28), date(2031, 3, 1), False),
        (CosemDate.of(2030, 1, 1), OPEN, date(2031, 1, 1), True),
        (CosemDate.of(2030, 1, 1), OPEN, date(2029, 12, 31), False),
        (OPEN, CosemDate.of(2030, 6, 1), date(2030, 6, 1), True),
        (OPEN, CosemDate.of(2030, 6, 1), date(2030, 6, 2), False),
        (OPEN, OPEN, date(2030, 6, 2), True),
    ],
)
def test_dates_that_come_round_and_dates_that_do_not(begin: CosemDate, end: CosemDate, day: date, counts: bool) -> None:
    start = datetime.combine(day, time(), UTC)
    device = Living(Schedule("0.0.12.0.0.255", entries=[entry(1, begin_date=begin, end_date=end)]), start=start)
    device.until(start + timedelta(hours=7))
    assert bool(device.ran) is counts


def test_entries_of_one_time_run_in_order_of_index() -> None:
    device = living(entry(3), entry(1), entry(2, enable=False))
    device.until(START + timedelta(hours=7))
    assert [number for _, number in device.ran] == [1, 3]


@pytest.mark.parametrize(
    ("window", "late", "runs"), [(0, 0.5, True), (0, 2, False), (90, 89, True), (90, 91, False), (UNLIMITED, 99999, True)]
)
def test_missed_entries_within_their_window(window: int, late: float, runs: bool) -> None:
    device = living(entry(1, validity_window=window, end_date=CosemDate.of(2024, 1, 15)))
    device.until(START + timedelta(hours=6, minutes=late), step=timedelta(days=1))
    assert bool(device.ran) is runs


def test_ranges_are_disabled_then_enabled() -> None:
    device = living(*(entry(index) for index in (1, 2, 3, 4)))
    ranges = [Data.long_unsigned(number) for number in (1, 4, 2, 3)]
    schedule(device).action(1, Data.structure(ranges))
    assert [one.enable for one in schedule(device).entries] == [False, True, True, False]


def test_insert_and_delete() -> None:
    device = living(entry(1), entry(2), entry(3))
    one = schedule(device)
    kind = one.attribute(2).kind
    changed = kind.encode([entry(2, hour=8)]).elements()[0]
    one.action(2, changed)
    assert sorted((row.index, row.switch_time.hour) for row in one.entries) == [(1, 6), (2, 8), (3, 6)]
    one.action(3, Data.structure([Data.long_unsigned(2), Data.long_unsigned(9999)]))
    assert [row.index for row in one.entries] == [1]


@pytest.mark.parametrize("indexes", [(0,), (10000,), (5, 5)])
def test_indexes(indexes: tuple[int, ...]) -> None:
    one = Schedule("0.0.12.0.0.255")
    with pytest.raises(ServiceError):
        one.entries = [entry(index) for index in indexes]
    assert one.entries == []
