"""Columns as arrays, and date-times without a loop: the same values as row by row."""

from __future__ import annotations

import builtins
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.columns import decode_columns, moments
from dlmskit.codec.data import Data
from dlmskit.codec.rows import decode_rows, encode_rows
from dlmskit.errors import ConfigError, DecodeError
from dlmskit.types.datetime import CosemDateTime
from tests.codec import strategies

NUMBERS = [*sorted(set(strategies.BOUNDS) - {28, 29, 30, 31, 32, 33}), 23, 24]


@given(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=6), st.data())
def test_arrays_hold_the_rows(tags, draw):
    rows = draw.draw(st.lists(st.tuples(*map(strategies.values_of, tags)), min_size=1, max_size=50))
    arrays = decode_columns(encode_rows(rows, tags))
    assert arrays is not None
    assert list(zip(*(array.tolist() for array in arrays), strict=True)) == rows
    assert all(array.dtype.isnative for array in arrays)


def test_octet_strings_are_rows_of_octets():
    arrays = decode_columns(encode_rows([(b"ab",), (b"c\x00",)], ["octet-string"]))
    assert arrays is not None
    (array,) = arrays
    assert array.tolist() == [[97, 98], [99, 0]]


@pytest.mark.parametrize(
    "data",
    [
        Data.array([]),
        Data.unsigned(5),
        Data.array([Data.unsigned(5)] * 3),
        Data.array([Data.structure([Data.null()])] * 3),
        Data.array([Data.structure([Data.boolean(True)])] * 3),
        Data.array([Data.structure([Data.unsigned(5)]), Data.structure([Data.integer(5)])]),
        Data.array([Data.structure([Data.array([Data.unsigned(5)])])] * 3),
    ],
)
def test_what_is_not_regular(data):
    assert decode_columns(data) is None


@given(strategies.mutated(strategies.buffers()))
def test_refuses_what_the_rows_refuse_and_agrees_with_them(octets):
    try:
        arrays = decode_columns(octets)
    except DecodeError:
        with pytest.raises(DecodeError):
            decode_rows(octets)
        return
    if arrays is not None:
        rows = [tuple(list(value) if isinstance(value, bytes) else value for value in row) for row in decode_rows(octets)]
        assert repr(list(zip(*(array.tolist() for array in arrays), strict=True))) == repr(rows)


clocks = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)).map(
    lambda moment: CosemDateTime.from_datetime(moment.replace(microsecond=moment.microsecond // 10000 * 10000)).octets
)
odd = st.sampled_from((0, 1, 2, 12, 13, 24, 28, 29, 30, 31, 59, 60, 99, 0x7D0 >> 8, 0xFD, 0xFE, 0xFF))


@given(st.lists(clocks, min_size=1, max_size=8), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 11), odd), max_size=6))
def test_moments_are_those_of_the_type(values, changes):
    octets = np.array([list(value) for value in values], dtype="u1")
    for row, at, octet in changes:
        octets[row % len(values), at] = octet
    expected: list[dt.datetime | None] = []
    for row in octets:
        try:
            expected.append(CosemDateTime(row.tobytes()).to_datetime())
        except DecodeError:
            expected.append(None)
    told = all(
        CosemDateTime(row.tobytes()).deviation is not None for row, time in zip(octets, expected, strict=True) if time is not None
    )
    try:
        plain = [None if time is None else (time.astimezone(dt.UTC) if told else time).replace(tzinfo=None) for time in expected]
    except OverflowError:  # before year 1 or past year 9999 in UTC
        return
    times, aware = moments(octets)
    assert times.tolist() == plain
    assert aware == told


def test_wants_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "numpy":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"dlmskit\[export\]"):
        decode_columns(b"\x01\x00")
