"""Local time against the time zone database, as an independent witness of the switching rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.cosem.daylight import LocalTime, switch_time
from dlmskit.types.datetime import LAST_DAY, SECOND_LAST_DAY, CosemDate, CosemDateTime, CosemTime

SUNDAY = 7


def switch(month: int | None, day: int | None, weekday: int | None, hour: int, year: int | None = None) -> CosemDateTime:
    return CosemDateTime.of(CosemDate.of(year, month, day, weekday), CosemTime.of(hour, 0, 0, 0))


# Rules as a meter of that place is configured: begin in normal time, end in daylight time.
RULES = {
    "Europe/Berlin": LocalTime(-60, switch(3, LAST_DAY, SUNDAY, 2), switch(10, LAST_DAY, SUNDAY, 3), 60, enabled=True),
    "Europe/Lisbon": LocalTime(0, switch(3, LAST_DAY, SUNDAY, 1), switch(10, LAST_DAY, SUNDAY, 2), 60, enabled=True),
    "America/New_York": LocalTime(300, switch(3, 8, SUNDAY, 2), switch(11, 1, SUNDAY, 2), 60, enabled=True),
    "Australia/Sydney": LocalTime(-600, switch(10, 1, SUNDAY, 2), switch(4, 1, SUNDAY, 3), 60, enabled=True),
    "Asia/Kolkata": LocalTime(-330),
}
SINCE, UNTIL = datetime(2009, 1, 1, tzinfo=UTC), datetime(2037, 12, 31, tzinfo=UTC)

pytestmark = pytest.mark.skipif("Europe/Berlin" not in available_timezones(), reason="no time zone database on this machine")


@pytest.mark.parametrize("place", RULES)
def test_every_half_hour_around_every_switch(place: str) -> None:
    zone = ZoneInfo(place)
    moment = SINCE
    while moment < UNTIL:
        if moment.astimezone(zone).utcoffset() != (moment + timedelta(days=1)).astimezone(zone).utcoffset():
            for half_hours in range(49):
                near = moment + timedelta(minutes=30 * half_hours)
                local, active = RULES[place].from_utc(near)
                witness = near.astimezone(zone)
                assert (local.replace(tzinfo=None), active) == (witness.replace(tzinfo=None), bool(witness.dst())), near
        moment += timedelta(days=1)


@given(st.sampled_from(sorted(RULES)), st.datetimes(datetime(2009, 1, 2), datetime(2037, 12, 30)))
def test_any_moment(place: str, moment: datetime) -> None:
    utc = moment.replace(tzinfo=UTC)
    witness = utc.astimezone(ZoneInfo(place))
    local, active = RULES[place].from_utc(utc)
    assert local.replace(tzinfo=None) == witness.replace(tzinfo=None)
    assert active == bool(witness.dst())
    assert RULES[place].to_utc(local) == utc
    if witness.fold == 0 and witness.replace(fold=1).utcoffset() == witness.utcoffset():
        assert RULES[place].to_utc(local.replace(tzinfo=None)) == utc


def test_of_the_hour_that_repeats_the_first_is_taken() -> None:
    berlin = RULES["Europe/Berlin"]
    assert berlin.to_utc(datetime(2024, 10, 27, 2, 30)) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert berlin.to_utc(datetime(2024, 10, 27, 3, 0)) == datetime(2024, 10, 27, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (switch(3, LAST_DAY, SUNDAY, 2), datetime(2024, 3, 31, 2)),
        (switch(3, SECOND_LAST_DAY, SUNDAY, 2), datetime(2024, 3, 24, 2)),
        (switch(2, LAST_DAY, None, 0), datetime(2024, 2, 29)),
        (switch(4, 1, SUNDAY, 2), datetime(2024, 4, 7, 2)),  # Blue Book: first Sunday in April
        (switch(4, 22, 5, 2), datetime(2024, 4, 26, 2)),  # Blue Book: fourth Friday in April
        (switch(4, 10, None, 2), datetime(2024, 4, 10, 2)),
        (switch(4, 10, 3, 2, year=2023), datetime(2023, 4, 10, 2)),  # a full date is that date
        (switch(None, 1, None, 2), None),
        (switch(4, 31, None, 2), None),
        (CosemDateTime.of(), None),
    ],
)
def test_switch_times(written: CosemDateTime, expected: datetime | None) -> None:
    assert switch_time(written, 2024) == expected


def test_without_rules_there_is_no_daylight_saving() -> None:
    july = datetime(2024, 7, 1)
    assert not LocalTime(-60, enabled=True, daylight_deviation=60).in_force(july)
    rules = RULES["Europe/Berlin"]
    assert rules.in_force(july)
    assert not LocalTime(rules.time_zone, rules.begin, rules.end, 60).in_force(july)


def test_an_interval_that_ends_before_it_begins_is_none() -> None:
    rules = LocalTime(0, switch(10, 1, None, 0, 2024), switch(3, 1, None, 0, 2024), 60, enabled=True)
    assert not rules.in_force(datetime(2024, 12, 1))
