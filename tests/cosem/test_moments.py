"""When a written date and time come next."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.cosem.moments import following, following_date, matches_date
from dlmskit.types.datetime import DST_BEGIN, LAST_DAY, SECOND_LAST_DAY, CosemDate, CosemTime

DATE, TIME = CosemDate.of, CosemTime.of
ANY = DATE()


@pytest.mark.parametrize(
    ("at", "on", "after", "expected"),
    [
        (TIME(12, 0, 0), ANY, datetime(2024, 1, 15, 11, 59, 59), datetime(2024, 1, 15, 12)),
        (TIME(12, 0, 0), ANY, datetime(2024, 1, 15, 12), datetime(2024, 1, 16, 12)),
        (TIME(0, 0, 0), DATE(None, None, 1), datetime(2024, 12, 1), datetime(2025, 1, 1)),
        (TIME(0, 0, 0), DATE(None, None, LAST_DAY), datetime(2024, 2, 1), datetime(2024, 2, 29)),
        (TIME(0, 0, 0), DATE(None, 2, SECOND_LAST_DAY), datetime(2023, 3, 1), datetime(2024, 2, 28)),
        (TIME(6, 0, 0), DATE(None, None, None, 7), datetime(2024, 1, 15), datetime(2024, 1, 21, 6)),
        (TIME(6, 0, 0), DATE(None, 2, 29), datetime(2024, 2, 29, 6), datetime(2028, 2, 29, 6)),
        (TIME(6, 0, 0), DATE(None, 2, 29, 7), datetime(2024, 3, 1), datetime(2032, 2, 29, 6)),
        (TIME(None, 30, 0), ANY, datetime(2024, 1, 15, 12, 30), datetime(2024, 1, 15, 13, 30)),
        (TIME(None, None, 0), ANY, datetime(2024, 1, 15, 23, 59, 1), datetime(2024, 1, 16)),
        (TIME(None, None, None), ANY, datetime(2024, 1, 15, 1, 2, 3, 400), datetime(2024, 1, 15, 1, 2, 4)),
        (TIME(23, None, 15), ANY, datetime(2024, 1, 15, 23, 59, 15), datetime(2024, 1, 16, 23, 0, 15)),
        (TIME(0, 0, 0), DATE(2023, 5, 1), datetime(2024, 1, 1), None),
        (TIME(0, 0, 0), DATE(2024, 2, 30), datetime(2024, 1, 1), None),
        (TIME(0, 0, 0), DATE(None, DST_BEGIN), datetime(2024, 1, 1), None),
        (TIME(24, 0, 0), ANY, datetime(2024, 1, 1), None),
    ],
)
def test_following(at: CosemTime, on: CosemDate, after: datetime, expected: datetime | None) -> None:
    assert following(at, on, after) == expected


def test_a_day_of_the_calendar() -> None:
    assert following_date(DATE(None, 5, 1), date(2024, 5, 1)) == date(2024, 5, 1)
    assert following_date(DATE(None, 5, 1), date(2024, 5, 2)) == date(2025, 5, 1)
    assert not matches_date(DATE(None, None, 15, 2), date(2024, 1, 15)), "a Monday"


parts = st.none() | st.integers(0, 59)


@given(
    st.builds(TIME, st.none() | st.integers(0, 23), parts, parts),
    st.builds(DATE, st.none() | st.just(2024), st.none() | st.integers(1, 12), st.none() | st.integers(1, 28)),
    st.datetimes(datetime(2024, 1, 1), datetime(2024, 12, 31)),
)
def test_the_first_moment_that_matches(at: CosemTime, on: CosemDate, after: datetime) -> None:
    found = following(at, on, after)
    if found is None:
        return
    wanted = at.hour, at.minute, at.second
    assert found > after
    assert matches_date(on, found.date())
    assert all(part in {None, real} for part, real in zip(wanted, (found.hour, found.minute, found.second), strict=True))
    # Nothing between matches: going back by the smallest open part leaves the pattern or ``after``.
    assert following(at, on, found - timedelta(seconds=1)) == found
