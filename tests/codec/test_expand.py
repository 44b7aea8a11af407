"""What null-data and deltas stand for."""

from __future__ import annotations

import datetime as dt
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data, Delta
from dlmskit.codec.expand import reconstruct, times_after
from dlmskit.codec.rows import decode_rows
from dlmskit.errors import DecodeError
from dlmskit.types.datetime import CosemDateTime
from tests.vectors import load


def vector(name):
    return decode_rows(bytes.fromhex(next(entry["hex"] for entry in load("apdu", kind="data") if entry["name"] == name)))


def moment(text):
    return CosemDateTime.from_datetime(dt.datetime.fromisoformat(text)).octets


def test_null_data():
    """By the description of the vector: the clock is previous + capture period, values repeat."""
    raw = vector("data-profile-nulldata")
    clock = raw[0][0]
    assert reconstruct(raw, {0}, 900) == [
        (clock, 0, 5009),
        (clock[:6] + b"\x0f" + clock[7:], 0, 5024),
        (clock[:6] + b"\x1e" + clock[7:], 4, 5024),
    ]
    assert raw[1] == (None, None, 5024)


def test_delta():
    assert reconstruct(vector("data-profile-delta")) == [(1_000_000,), (1_000_250,), (1_000_550,)]


def test_deltas_chain_over_null_data_and_restart():
    column = [5, Delta(-2), None, Delta(10), 100, Delta(0), None]
    rows = reconstruct([(value,) for value in column])
    assert [row[0] for row in rows] == [5, 3, 3, 13, 100, 100, 100]
    assert {type(row[0]) for row in rows} == {int}


def test_null_data_in_the_first_row_is_no_value():
    assert reconstruct([(None, 1), (None, None), (7, 2), (None, None)]) == [(None, 1), (None, 1), (7, 2), (7, 2)]
    assert reconstruct([(None,), (None,)], {0}, 900) == [(None,), (None,)]


def test_rows_without_compression_stay():
    rows = [(b"a", 1), (b"b", 2)]
    assert reconstruct(rows) == rows
    assert reconstruct([]) == []


def test_a_period_of_nothing_repeats_the_time():
    clock = moment("2021-06-03T14:00:00+01:00")
    assert reconstruct([(clock,), (None,)], {0}) == [(clock,), (clock,)]


def test_a_clock_that_counts_seconds():
    assert reconstruct([(1_700_000_000,), (None,), (Delta(5),), (None,)], {0}, 60) == [
        (1_700_000_000,),
        (1_700_000_060,),
        (1_700_000_065,),
        (1_700_000_125,),
    ]


@pytest.mark.parametrize(
    ("start", "seconds", "following"),
    [
        ("2021-06-03T23:45:00+01:00", 900, "2021-06-04T00:00:00+01:00"),
        ("2023-12-31T23:00:00+00:00", 3600, "2024-01-01T00:00:00+00:00"),
        ("2024-02-28T00:00:00", 86400, "2024-02-29T00:00:00"),
        ("2024-03-31T01:45:00+01:00", 900, "2024-03-31T02:00:00+01:00"),
        ("2024-10-01T00:00:00+05:30", 1, "2024-10-01T00:00:01+05:30"),
    ],
)
def test_times(start, seconds, following):
    octets = moment(start)
    assert next(times_after(octets, seconds)) == moment(following)
    assert next(times_after(CosemDateTime(octets), seconds)) == CosemDateTime(moment(following))


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)), st.integers(1, 86400 * 40), st.integers(1, 20))
def test_times_are_those_of_the_calendar(start, seconds, count):
    start = start.replace(microsecond=0)
    times = islice(times_after(CosemDateTime.from_datetime(start), seconds), count)
    assert [time.to_datetime() for time in times if isinstance(time, CosemDateTime)] == [
        start + dt.timedelta(seconds=seconds * (n + 1)) for n in range(count)
    ]


def test_what_is_not_specified_stays_so():
    octets = bytes.fromhex("07e50603ff0e2dffff8000ff")
    assert next(times_after(octets, 900)) == bytes.fromhex("07e50603ff0f00ffff8000ff")
    assert next(times_after(octets, 30)) == bytes.fromhex("07e50603ff0e2d1eff8000ff")


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        ([(1,), (1, 2), (None,)], "data[1]"),
        ([(b"x", None), (Delta(1), 2)], "data[1][0]"),
        ([(Delta(1),)], "data[0][0]"),
        ([(1.5,), (Delta(1),)], "data[1][0]"),
        ([(True,), (Delta(1),)], "data[1][0]"),
        ([(b"\xff" * 12,), (None,)], "data[1][0]"),
        ([(b"short",), (None,)], "data[1][0]"),
        ([(True,), (None,)], "data[1][0]"),
        ([(bytes.fromhex("270f0c1f05173b00008000ff"),), (None,)], "data[1][0]"),
    ],
)
def test_refuses(rows, path):
    with pytest.raises(DecodeError) as caught:
        reconstruct(rows, {0}, 3600)
    assert caught.value.path == path


def test_data_of_nested_rows():
    rows = decode_rows(Data.array([Data.structure([Data.structure([Data.unsigned(1)])]), Data.structure([Data.null()])]))
    assert reconstruct(rows) == [((1,),), ((1,),)]
