"""Moments that come again: schedules and windows with open parts."""

from __future__ import annotations

from datetime import date, datetime
from itertools import islice

import pytest

from dlmskit.cosem.recurrence import Window, is_on, moments, next_open
from dlmskit.types.datetime import LAST_DAY, SECOND_LAST_DAY, CosemDate, CosemDateTime, CosemTime

MIDNIGHT = CosemTime.of(0, 0, 0)


def window(start: str, end: str) -> Window:
    """Every day between two times."""
    first, last = (
        CosemDateTime(
            CosemDate.of().octets + CosemTime.of(int(text.split(":")[0]), int(text.split(":")[1]), 0).octets + b"\x80\x00\xff"
        )
        for text in (start, end)
    )
    return Window(first, last)


@pytest.mark.parametrize(
    ("pattern", "day", "meant"),
    [
        (CosemDate.of(), date(2024, 2, 29), True),
        (CosemDate.of(None, 2), date(2024, 2, 29), True),
        (CosemDate.of(None, 3), date(2024, 2, 29), False),
        (CosemDate.of(2023, 2, 28), date(2024, 2, 28), False),
        (CosemDate.of(None, None, None, 4), date(2024, 2, 29), True),
        (CosemDate.of(None, None, LAST_DAY), date(2024, 2, 29), True),
        (CosemDate.of(None, None, LAST_DAY), date(2024, 2, 28), False),
        (CosemDate.of(None, None, SECOND_LAST_DAY), date(2024, 2, 28), True),
        (CosemDate.of(None, None, LAST_DAY, 7), date(2024, 2, 25), True),
        (CosemDate.of(None, None, LAST_DAY, 7), date(2024, 2, 18), False),
        (CosemDate.of(None, None, SECOND_LAST_DAY, 7), date(2024, 2, 18), True),
    ],
)
def test_a_date_with_open_parts(pattern: CosemDate, day: date, meant: bool) -> None:
    assert is_on(pattern, day) is meant


def test_moments_in_order() -> None:
    every_month = moments(CosemDate.of(None, None, 1), CosemTime.of(6, 30, 0), datetime(2024, 1, 1, 6, 31))
    assert list(islice(every_month, 2)) == [datetime(2024, 2, 1, 6, 30), datetime(2024, 3, 1, 6, 30)]
    assert list(moments(CosemDate.of(2020, 1, 1), MIDNIGHT, datetime(2024, 1, 1))) == []
    assert next(moments(CosemDate.of(None, 2, 29), MIDNIGHT, datetime(2024, 3, 1))) == datetime(2028, 2, 29)


@pytest.mark.parametrize(
    ("since", "opens"),
    [
        (datetime(2024, 5, 1, 21, 0), datetime(2024, 5, 1, 22, 0)),
        (datetime(2024, 5, 1, 22, 0), datetime(2024, 5, 1, 22, 0)),
        (datetime(2024, 5, 1, 23, 30), datetime(2024, 5, 1, 23, 30)),
        (datetime(2024, 5, 2, 1, 59, 59), datetime(2024, 5, 2, 1, 59, 59)),
        (datetime(2024, 5, 2, 2, 0), datetime(2024, 5, 2, 22, 0)),
    ],
)
def test_a_window_over_midnight(since: datetime, opens: datetime) -> None:
    assert window("22:0", "2:0").opens(since) == opens


def test_the_window_that_opens_first_counts() -> None:
    assert next_open([], datetime(2024, 5, 1)) == datetime(2024, 5, 1)
    both = [window("22:0", "23:0"), window("4:0", "5:0")]
    assert next_open(both, datetime(2024, 5, 1, 5, 0)) == datetime(2024, 5, 1, 22, 0)
    assert next_open(both, datetime(2024, 5, 1, 23, 0)) == datetime(2024, 5, 2, 4, 0)


def test_a_window_between_two_dates() -> None:
    first, last = (CosemDateTime.from_datetime(datetime(year, 6, 1)) for year in (2020, 2024))
    long = Window(first, last)
    assert long.opens(datetime(2019, 1, 1)) == datetime(2020, 6, 1)
    assert long.opens(datetime(2022, 1, 1)) == datetime(2022, 1, 1)
    assert long.opens(datetime(2024, 6, 1)) is None
