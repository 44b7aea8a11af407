"""Windows with open dates: when one is open next."""

from __future__ import annotations

from datetime import datetime

import pytest

from dlmskit.cosem.windows import Window, next_open
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime


def window(start: str, end: str) -> Window:
    """Every day between two times."""
    times = (CosemTime.from_time(datetime.strptime(text, "%H:%M").time()) for text in (start, end))
    return Window(*(CosemDateTime(CosemDate.of().octets + time.octets + b"\x80\x00\xff") for time in times))


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


def test_an_end_that_is_not_specified_and_one_that_is_over() -> None:
    start, past = (CosemDateTime.from_datetime(datetime(year, 6, 1)) for year in (2024, 2020))
    assert Window(start, CosemDateTime.of()).opens(datetime(2030, 1, 1)) == datetime(2030, 1, 1)
    daily = CosemDateTime(CosemDate.of().octets + bytes((8, 0, 0, 0)) + b"\x80\x00\xff")
    assert Window(daily, past).opens(datetime(2024, 1, 1)) is None


def test_a_window_between_two_dates() -> None:
    first, last = (CosemDateTime.from_datetime(datetime(year, 6, 1)) for year in (2020, 2024))
    long = Window(first, last)
    assert long.opens(datetime(2019, 1, 1)) == datetime(2020, 6, 1)
    assert long.opens(datetime(2022, 1, 1)) == datetime(2022, 1, 1)
    assert long.opens(datetime(2024, 6, 1)) is None
