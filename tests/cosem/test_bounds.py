"""What lies in a range: numbers, strings, and times with and without deviation."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data
from dlmskit.cosem.bounds import Bounds
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.enums import DataAccessResult

NULL = Data.null()


def at(hour: int, minute: int = 0, deviation: int | None = None, *, tagged: bool = False, weekday: int | None = 1) -> Data:
    moment = CosemDateTime.of(CosemDate.of(2024, 1, 15, weekday), CosemTime.of(hour, minute, 0, 0), deviation, 0)
    return Data.date_time(moment) if tagged else Data.octet_string(moment)


@pytest.mark.parametrize(
    ("first", "last", "value", "inside"),
    [
        (Data.long_unsigned(5), Data.unsigned(7), Data.double_long(5), True),
        (Data.long_unsigned(5), Data.unsigned(7), Data.double_long(7), True),
        (Data.long_unsigned(5), Data.unsigned(7), Data.double_long(8), False),
        (Data.integer(-5), NULL, Data.integer(-6), False),
        (NULL, Data.float64(1.5), Data.long(1), True),
        (NULL, NULL, Data.octet_string(b"x"), True),
        (NULL, NULL, NULL, True),
        (NULL, Data.long(1), NULL, False),
        (Data.octet_string(b"b"), Data.octet_string(b"d"), Data.octet_string(b"c"), True),
        (Data.visible_string("b"), NULL, Data.visible_string("a"), False),
        (at(10), at(12), at(12), True),
        (at(10), at(12), at(12, 1), False),
        (at(10, tagged=True), at(12), at(11), True),
        (at(10), at(12), at(11, tagged=True), True),
        (at(10, weekday=None), at(12, weekday=None), at(10), True),
        # 12:00+01:00 is 11:00 UTC
        (at(11, deviation=0), at(11, deviation=0), at(12, deviation=-60), True),
        (at(11, deviation=0), at(11, deviation=0), at(12, deviation=0), False),
        # without a deviation on one side local times are compared
        (at(12), at(12), at(12, deviation=-60), True),
        (at(12, deviation=-60), at(12, deviation=-60), at(12), True),
        # a time of which nothing is specified is an open end
        (Data.octet_string(CosemDateTime.of()), at(12), at(1), True),
    ],
)
def test_inside(first: Data, last: Data, value: Data, inside: bool) -> None:
    assert Bounds(first, last).hold(value) is inside


@pytest.mark.parametrize(
    ("first", "value"),
    [
        (Data.long(1), at(12)),
        (at(12), Data.long(1)),
        (Data.octet_string(b"a"), Data.long(1)),
        (Data.octet_string(b"a"), Data.visible_string("a")),
    ],
)
def test_what_cannot_be_compared_is_type_unmatched(first: Data, value: Data) -> None:
    with pytest.raises(ServiceError) as refusal:
        Bounds(first, NULL).hold(value)
    assert refusal.value.code == DataAccessResult.TYPE_UNMATCHED


@pytest.mark.parametrize(
    "end",
    [
        Data.array([]),
        Data.structure([]),
        Data.octet_string(CosemDateTime.of(CosemDate.of(None, 1, 1), CosemTime.of(0, 0))),
        Data.date_time(CosemDateTime.of(CosemDate.of(2024, 2, 30), CosemTime.of(0, 0))),
    ],
)
def test_what_is_no_end_is_type_unmatched(end: Data) -> None:
    for ends in ((end, NULL), (NULL, end)):
        with pytest.raises(ServiceError) as refusal:
            Bounds(*ends)
        assert refusal.value.code == DataAccessResult.TYPE_UNMATCHED


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    moment = draw(st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 4)))
    moment = moment.replace(microsecond=moment.microsecond // 10_000 * 10_000)
    minutes = draw(st.sampled_from([0, -60, 60, 120, -330]))
    return moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))


@given(moments(), moments(), moments())
def test_times_with_a_deviation_compare_as_moments(first: datetime, last: datetime, value: datetime) -> None:
    bounds = Bounds(*(Data.octet_string(CosemDateTime.from_datetime(end)) for end in (first, last)))
    assert bounds.hold(Data.octet_string(CosemDateTime.from_datetime(value))) == (first <= value <= last)
