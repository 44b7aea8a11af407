"""Dates and times: any octets are kept; what they say is read from them; only conversion can fail."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.types.datetime import (
    DST_BEGIN,
    LAST_DAY,
    SECOND_LAST_DAY,
    ClockStatus,
    CosemDate,
    CosemDateTime,
    CosemTime,
    from_octet_string,
)
from tests.vectors import captures

ANY_12 = st.binary(min_size=12, max_size=12)
PARTLY_SPECIAL_12 = st.lists(
    st.sampled_from([0, 1, 2, 7, 12, 24, 28, 31, 59, 0x7F, 0x80, 0xE0, 0xFD, 0xFE, 0xFF]), min_size=12, max_size=12
)
CET, CEST = (dt.timezone(dt.timedelta(hours=hours)) for hours in (1, 2))


def date_time(hexadecimal: str) -> CosemDateTime:
    return CosemDateTime(bytes.fromhex(hexadecimal))


# octets | text | valid | ISO form, None where there is none
READINGS = [
    ("07E10A01FF000000FFFFC480", "2017-10-01 00:00:00 +01:00 (DST)", True, "2017-10-01T00:00:00+01:00"),
    ("07E10A0107000000FFFFC480", "2017-10-01 00:00:00 +01:00 (DST)", True, "2017-10-01T00:00:00+01:00"),
    ("07E1090F05052128FF800000", "2017-09-15 05:33:40", True, "2017-09-15T05:33:40"),
    ("07E20601FF000300FFFF8880", "2018-06-01 00:03:00 +02:00 (DST)", True, "2018-06-01T00:03:00+02:00"),
    ("07E8021D04173B3B63012C00", "2024-02-29 23:59:59.99 -05:00", True, "2024-02-29T23:59:59.990-05:00"),
    ("07E80C1F02180000000000FF", "2024-12-31 24:00:00 +00:00", False, "2025-01-01T00:00:00+00:00"),
    ("07E80101FF000000008000FF", "2024-01-01 00:00:00", True, "2024-01-01T00:00:00"),
    ("07E8010100000000008000FF", "2024-01-01 00:00:00", False, "2024-01-01T00:00:00"),
    ("07E80101FF0C1EFFFF8000FF", "2024-01-01 12:30:*", True, "2024-01-01T12:30:00"),
    ("07E803FE07020000008000FF", "2024-03-last Sun 02:00:00", True, "2024-03-31T02:00:00"),
    ("07E803FD07020000008000FF", "2024-03-second-last Sun 02:00:00", True, "2024-03-24T02:00:00"),
    ("07E802FEFF000000008000FF", "2024-02-last 00:00:00", True, "2024-02-29T00:00:00"),
    ("07E702FDFF000000008000FF", "2023-02-second-last 00:00:00", True, "2023-02-27T00:00:00"),
    ("FFFF03FE07020000008000FF", "*-03-last Sun 02:00:00", True, None),
    ("FFFFFE01FF020000008000FF", "*-DST-begin-01 02:00:00", True, None),
    ("FFFFFDFFFF030000008000FF", "*-DST-end-* 03:00:00", True, None),
    ("FFFFFF0FFF0000FFFF8000FF", "*-*-15 00:00:*", True, None),
    ("FFFFFFFF01FFFFFFFF8000FF", "*-*-* Mon *:*:*", True, None),
    ("07E80101FFFF0000008000FF", "2024-01-01 *:00:00", True, None),
    ("000000000000000000000000", "not set", False, None),
    ("FFFFFFFFFFFFFFFFFFFFFFFF", "not set", True, None),
    ("07E8010101000000008000FF", "2024-01-01 00:00:00", True, "2024-01-01T00:00:00"),
    ("07E801010100000000800003", "2024-01-01 00:00:00 (invalid value, doubtful)", True, "2024-01-01T00:00:00"),
    ("07E80101010000000080000C", "2024-01-01 00:00:00 (different clock base, invalid clock status)", True, "2024-01-01T00:00:00"),
    ("07E801010100000000800070", "2024-01-01 00:00:00 (reserved bits 70)", False, "2024-01-01T00:00:00"),
]  # fmt: skip

INVALID = {
    "month 13": "07E80D01FF000000008000FF",
    "31 February": "07E8021FFF000000008000FF",
    "29 February of a common year": "07E7021DFF000000008000FF",
    "31 April of any year": "FFFF041FFF000000008000FF",
    "day of the reserved range": "07E801E0FF000000008000FF",
    "deviation 32767": "07E80101FF000000007FFFFF",
    "hundredths 100": "07E80101FF000000648000FF",
    "minute 60": "07E80101FF003C00008000FF",
    "second 60": "07E80101FF00003C008000FF",
    "hour 25": "07E80101FF190000008000FF",
    "24:00:00.01": "07E80101FF180000018000FF",
    "octets all FE": "FEFEFEFEFEFEFEFEFEFEFEFE",
    "year 0": "00000101FF000000008000FF",
    "day 0": "07E80100FF000000008000FF",
}


@pytest.mark.parametrize(("octets", "text", "valid", "iso"), READINGS)
def test_what_the_octets_say(octets, text, valid, iso):
    value = date_time(octets)
    assert str(value) == text
    assert value.is_valid is valid
    if iso is None:
        with pytest.raises(DecodeError):
            value.isoformat()
    else:
        assert value.isoformat() == iso
        assert value.to_datetime() == dt.datetime.fromisoformat(iso)


@pytest.mark.case("R-010")
@given(st.one_of(ANY_12, PARTLY_SPECIAL_12.map(bytes)))
def test_any_twelve_octets_come_back_and_only_conversion_raises_our_error(octets):
    value = CosemDateTime(octets)
    assert value.octets == bytes(value) == octets
    assert value == CosemDateTime(octets)
    assert hash(value) == hash(CosemDateTime(octets))
    assert copy.deepcopy(value) == value
    assert str(value)
    assert octets.hex() in repr(value)
    assert value.is_valid in {True, False}
    assert value.date.octets + value.time.octets == octets[:9]
    try:
        moment = value.to_datetime()
    except DecodeError:
        return
    assert (moment.tzinfo is None) == (value.deviation is None)


@pytest.mark.case("R-010")
@pytest.mark.parametrize("octets", INVALID.values(), ids=INVALID.keys())
def test_invalid_parts_are_kept_and_refused_on_conversion(octets):
    value = date_time(octets)
    assert value.octets.hex().upper() == octets
    assert value.is_valid is (octets.startswith("0000"))  # a year 0 fits the field; only Python has no such year
    with pytest.raises(DecodeError):
        value.to_datetime()


@given(ANY_12)
def test_parts_rebuild_the_octets(octets):
    value = CosemDateTime(octets)
    date = CosemDate.of(value.year, value.month, value.day, value.weekday)
    time = CosemTime.of(value.hour, value.minute, value.second, value.hundredths)
    assert CosemDateTime.of(date, time, value.deviation, value.status) == value


@given(st.datetimes(timezones=st.none() | st.integers(-840, 840).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))))
def test_moments_round_trip_to_hundredths(moment):
    value = CosemDateTime.from_datetime(moment)
    cut = moment.replace(microsecond=moment.microsecond // 10_000 * 10_000)
    assert value.is_valid
    assert value.to_datetime() == cut
    assert value.to_datetime().utcoffset() == moment.utcoffset()
    assert value.weekday == moment.isoweekday()


def test_deviation_is_local_time_to_utc():
    winter = CosemDateTime.from_datetime(dt.datetime(2024, 1, 15, 12, tzinfo=CET))
    assert winter.deviation == -60
    assert winter.octets[9:11] == b"\xff\xc4"
    assert winter.to_datetime().astimezone(dt.UTC).hour == 11


def test_daylight_saving_of_the_zone_sets_the_status_bit():
    class Summer(dt.tzinfo):
        def utcoffset(self, when):
            return dt.timedelta(hours=2)

        def dst(self, when):
            return dt.timedelta(hours=1)

        def tzname(self, when):
            return "summer"

    value = CosemDateTime.from_datetime(dt.datetime(2024, 7, 1, tzinfo=Summer()))
    assert value.octets[9:] == b"\xff\x88\x80"
    assert value.status == ClockStatus.DAYLIGHT_SAVING
    assert CosemDateTime.from_datetime(dt.datetime(2024, 7, 1)).status is None
    assert CosemDateTime.from_datetime(dt.datetime(2024, 7, 1), status=ClockStatus.DOUBTFUL_VALUE).octets[11] == 2


def test_meters_that_write_the_deviation_their_own_way():
    inverted = date_time("07E80701FF0C000000003C00")
    assert inverted.to_datetime().utcoffset() == dt.timedelta(hours=-1)
    assert inverted.to_datetime(inverted=True) == dt.datetime(2024, 7, 1, 12, tzinfo=CET)
    constant = date_time("07E80701FF0C000000FFC480")
    assert constant.to_datetime(dst_minutes=60) == dt.datetime(2024, 7, 1, 12, tzinfo=CEST)
    without_dst = date_time("07E80101FF0C000000FFC400")
    assert without_dst.to_datetime(dst_minutes=60) == dt.datetime(2024, 1, 1, 12, tzinfo=CET)


@pytest.mark.parametrize(("minutes", "valid"), [(-720, True), (840, True), (-840, True), (841, False), (-841, False)])
def test_deviation_range(minutes, valid):
    value = CosemDateTime.of(CosemDate.of(2024, 1, 1), CosemTime.of(0, 0), minutes, 0)
    assert value.is_valid is valid


@pytest.mark.parametrize("offset", [dt.timedelta(minutes=1, seconds=1), dt.timedelta(hours=15), dt.timedelta(hours=-23)])
def test_an_offset_that_is_no_deviation_is_refused(offset):
    with pytest.raises(EncodeError, match="deviation"):
        CosemDateTime.from_datetime(dt.datetime(2024, 1, 1, tzinfo=dt.timezone(offset)))


def test_the_end_of_the_last_day_is_past_the_calendar():
    with pytest.raises(DecodeError, match="calendar"):
        CosemDateTime.of(CosemDate.of(9999, 12, 31), CosemTime.of(24, 0, 0)).to_datetime()


@pytest.mark.parametrize(
    "parts",
    [{"year": 0xFFFF}, {"year": -1}, {"month": 255}, {"day": 256}, {"weekday": -1}],
)
def test_parts_that_do_not_fit_their_octets_are_refused(parts):
    with pytest.raises(EncodeError, match=next(iter(parts))):
        CosemDate.of(**parts)


@pytest.mark.parametrize(("deviation", "status"), [(-0x8000, 0), (0x8000, 0), (0, 255), (0, -1)])
def test_deviation_and_status_that_do_not_fit_are_refused(deviation, status):
    with pytest.raises(EncodeError):
        CosemDateTime.of(deviation=deviation, status=status)


@pytest.mark.parametrize("size", [0, 4, 5, 9, 11, 13])
def test_another_number_of_octets_is_refused(size):
    with pytest.raises(DecodeError, match="12 octets"):
        CosemDateTime(bytes(size))


@pytest.mark.parametrize(("size", "kind"), [(12, CosemDateTime), (5, CosemDate), (4, CosemTime)])
def test_an_octet_string_is_read_by_its_length(size, kind):
    assert from_octet_string(bytes(size)) == kind(bytes(size))
    with pytest.raises(DecodeError):
        from_octet_string(bytes(size + 2))


@given(st.binary(min_size=5, max_size=5), st.binary(min_size=4, max_size=4))
def test_any_date_and_time_come_back(date, time):
    for value, octets in ((CosemDate(date), date), (CosemTime(time), time)):
        assert value.octets == octets
        assert str(value)
        assert octets.hex() in repr(value)
        assert value.is_valid in {True, False}
        with contextlib.suppress(DecodeError):
            assert value.isoformat()


@given(st.dates(), st.times())
def test_dates_and_times_round_trip(date, time):
    assert CosemDate.from_date(date).to_date() == date
    assert CosemDate.from_date(date).isoformat() == date.isoformat()
    assert CosemTime.from_time(time).to_time() == time.replace(microsecond=time.microsecond // 10_000 * 10_000)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (CosemDate.of(None, 12, 25), "*-12-25"),
        (CosemDate.of(2024, DST_BEGIN, LAST_DAY, 7), "2024-DST-begin-last Sun"),
        (CosemDate.of(2024, 2, SECOND_LAST_DAY), "2024-02-second-last"),
        (CosemDate.of(weekday=9), "*-*-* weekday 9"),
        (CosemTime.of(7, 5), "07:05:*"),
        (CosemTime.of(7, 5, 1, 5), "07:05:01.05"),
    ],
)
def test_text_of_dates_and_times(value, text):
    assert str(value) == text


def test_the_end_of_a_day_is_no_time_alone():
    with pytest.raises(DecodeError, match="end of a day"):
        CosemTime.of(24, 0, 0, 0).to_time()


def test_kinds_are_not_mixed_up():
    assert CosemDate(bytes(5)) != CosemTime(bytes(4))
    with pytest.raises(TypeError):
        _ = CosemDate(bytes(5)) < CosemTime(bytes(4))  # type: ignore[operator]
    assert CosemDateTime.of(CosemDate.of(2023, 1, 1)) < CosemDateTime.of(CosemDate.of(2024, 1, 1))


def clock_readings() -> list[tuple[str, bytes, str]]:
    """Date-times in the headers of real telegrams, with what an independent decoder made of them."""
    readings = []
    for entry in captures(kind="push"):
        for apdu in entry.get("verified", {}).get("apdus", []):
            said = apdu.get("hdr", {}).get("date_time") or ""
            octets = bytes.fromhex(entry["hex"]) if isinstance(entry.get("hex"), str) else b""
            if " dev=" not in said:
                continue
            moment = dt.datetime.fromisoformat(said.split(" ")[0])
            date = moment.year.to_bytes(2) + bytes([moment.month, moment.day])
            time = bytes([moment.hour, moment.minute, moment.second])
            if found := re.search(re.escape(date) + b"." + re.escape(time) + b".{4}", octets, re.DOTALL):
                readings.append((entry["id"], found[0], said))
    return readings


def test_clocks_of_real_meters():
    readings = clock_readings()
    assert len(readings) >= 10
    for name, octets, said in readings:
        value = CosemDateTime(octets)
        moment, deviation, status = said.split(" ")
        assert value.to_datetime().replace(tzinfo=None).isoformat() == moment, name
        assert deviation == f"dev={'n/a' if value.deviation is None else value.deviation}", name
        assert int(status.removeprefix("status="), 16) == octets[11], name
