"""The clock keeps a difference to the time it is given; setting, shifting and adjusting change that difference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import LAST_DAY, CosemDate, CosemDateTime, CosemTime
from dlmskit.types.enums import DataAccessResult
from tests.cosem.peers import StandingClock


def switch(month: int, hour: int) -> CosemDateTime:
    return CosemDateTime.of(CosemDate.of(None, month, LAST_DAY, 7), CosemTime.of(hour, 0, 0, 0))


def berlin(moment: datetime, **values: Any) -> Clock:
    return ObjectTree(clock=StandingClock(moment)).add(
        Clock(
            time_zone=-60,
            daylight_savings_begin=switch(3, 2),
            daylight_savings_end=switch(10, 3),
            daylight_savings_deviation=60,
            daylight_savings_enabled=True,
            **values,
        )
    )


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("moment", "octets"),
    [
        (utc(2024, 1, 15, 12, 0, 30), "07e8010f010d001e00ffc400"),
        (utc(2024, 7, 1, 12, 0), "07e80701010e000000ff8880"),
        (utc(2024, 3, 31, 0, 59, 59), "07e8031f07013b3b00ffc400"),
        (utc(2024, 3, 31, 1, 0), "07e8031f0703000000ff8880"),
        (utc(2024, 10, 27, 0, 59, 59), "07e80a1b07023b3b00ff8880"),
        (utc(2024, 10, 27, 1, 0), "07e80a1b0702000000ffc400"),
    ],
)
def test_time_with_deviation_and_status(moment: datetime, octets: str) -> None:
    one = berlin(moment)
    assert one.get(2).octets.hex() == "090c" + octets
    assert one.get(4) == Data.unsigned(bytes.fromhex(octets)[11])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("07e80701010e000000ff8880", utc(2024, 7, 1, 12)),
        ("07e80701ff0e0000ff8000ff", utc(2024, 7, 1, 12)),  # no deviation: local time of the device
        ("07e8010f010d00000000f800", utc(2024, 1, 15, 17, 8)),
        ("07e8010f010d000000000000", utc(2024, 1, 15, 13)),
    ],
)
@pytest.mark.parametrize("make", [Data.octet_string, Data.date_time])
def test_setting_the_time(written: str, expected: datetime, make) -> None:
    one = berlin(utc(2020, 1, 1))
    told: list[tuple[datetime, datetime]] = []
    one.on_time_set = lambda before, after: told.append((before, after))
    one.set(2, make(bytes.fromhex(written)))
    assert one.utc() == expected
    assert told == [(utc(2020, 1, 1), expected)]
    clock = one.tree.clock
    assert isinstance(clock, StandingClock)
    clock.forward(hours=1)
    assert one.utc() == expected + timedelta(hours=1)


def test_setting_the_time_ends_the_doubt_about_it() -> None:
    one = berlin(utc(2020, 1, 1), status=0x07)
    one.time = datetime(2024, 1, 1, tzinfo=UTC)
    assert one.status == 0x04


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (Data.octet_string(CosemDateTime.of()), DataAccessResult.OTHER_REASON),
        (Data.octet_string(b"short"), DataAccessResult.TYPE_UNMATCHED),
        (Data.octet_string(bytes.fromhex("07e8021e010d000000ffc400")), DataAccessResult.OTHER_REASON),
        (Data.octet_string(bytes.fromhex("0001010101000000007fff00")), DataAccessResult.OTHER_REASON),
        (Data.double_long_unsigned(0), DataAccessResult.TYPE_UNMATCHED),
    ],
)
def test_what_is_no_time_changes_nothing(value: Data, code: DataAccessResult) -> None:
    one = berlin(utc(2024, 1, 1))
    with pytest.raises(ServiceError) as refusal:
        one.set(2, value)
    assert refusal.value.code == code
    assert one.offset == timedelta()


@pytest.mark.parametrize(
    ("number", "before", "after"),
    [
        (1, utc(2024, 1, 15, 12, 7, 29), utc(2024, 1, 15, 12, 0)),
        (1, utc(2024, 1, 15, 12, 7, 30), utc(2024, 1, 15, 12, 15)),
        (2, utc(2024, 1, 15, 12, 29, 59), utc(2024, 1, 15, 12, 0)),
        (2, utc(2024, 1, 15, 12, 30), utc(2024, 1, 15, 13, 0)),
        (3, utc(2024, 1, 15, 12, 0, 29), utc(2024, 1, 15, 12, 0)),
        (3, utc(2024, 1, 15, 12, 0, 30), utc(2024, 1, 15, 12, 1)),
        (3, utc(2024, 12, 31, 23, 59, 59), utc(2025, 1, 1)),
    ],
)
def test_adjusting(number: int, before: datetime, after: datetime) -> None:
    one = berlin(before)
    one.measuring_period = 3600
    one.action(number, Data.integer(0))
    assert one.utc() == after


@pytest.mark.parametrize(
    ("seconds", "allowed"), [(900, True), (-900, True), (0, True), (901, False), (-901, False), (-32768, False)]
)
def test_shifting(seconds: int, allowed: bool) -> None:
    one = berlin(utc(2024, 1, 15, 12))
    if allowed:
        one.action(6, Data.long(seconds))
        assert one.utc() == utc(2024, 1, 15, 12) + timedelta(seconds=seconds)
        return
    with pytest.raises(ServiceError) as refusal:
        one.action(6, Data.long(seconds))
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert one.offset == timedelta()


def preset(*hours: int) -> Data:
    moments = [CosemDateTime.from_datetime(utc(2024, 1, 15, hour)) for hour in hours]
    return Data.structure([Data.octet_string(moment) for moment in moments])


@pytest.mark.parametrize(("start", "end", "valid"), [(11, 13, True), (12, 12, True), (13, 14, False), (10, 11, False)])
def test_a_preset_time_is_taken_within_its_interval(start: int, end: int, valid: bool) -> None:
    one = berlin(utc(2024, 1, 15, 12))
    with pytest.raises(ServiceError):
        one.action(4)
    one.action(5, preset(20, start, end))
    if not valid:
        with pytest.raises(ServiceError):
            one.action(4)
    else:
        one.action(4)
    assert one.utc() == utc(2024, 1, 15, 20 if valid else 12)


@pytest.mark.parametrize(("number", "value"), [(3, Data.long(900)), (7, Data.integer(121)), (9, Data.enum(6))])
def test_configuration_out_of_range(number: int, value: Data) -> None:
    one = berlin(utc(2024, 1, 15, 12))
    with pytest.raises(ServiceError) as refusal:
        one.set(number, value)
    assert refusal.value.code == DataAccessResult.OTHER_REASON


def test_without_a_clock_the_time_is_a_stored_value() -> None:
    one = ObjectTree().add(Clock())
    assert one.time == CosemDateTime.of()
    one.time = datetime(2024, 1, 1, tzinfo=UTC)
    assert str(one.time) == "2024-01-01 00:00:00 +00:00"
    with pytest.raises(ServiceError) as refusal:
        one.shift_time(1)
    assert refusal.value.code == DataAccessResult.OBJECT_UNAVAILABLE
