"""The frame of a long regular buffer is the frame of its rows."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from dlmskit.codec.frames import profile_frame
from dlmskit.codec.profile import Column, ProfileTable
from dlmskit.codec.rows import encode_rows
from dlmskit.types.datetime import CosemDateTime

START = dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))
KINDS = ["octet-string", "unsigned", "double-long-unsigned", "long", "float32", "octet-string", "long64-unsigned"]


def columns(scaler=0):
    return [Column("clock", clock=True), Column("status"), *(Column(name, scaler) for name in "abcde")]


def rows(count, aware=True):
    draw = random.Random(6)
    for index in range(count):
        moment = START + dt.timedelta(minutes=15 * index)
        clock = CosemDateTime.from_datetime(moment if aware else moment.replace(tzinfo=None)).octets
        numbers = (draw.randrange(1 << 32), draw.randrange(-(1 << 15), 1 << 15), draw.randrange(100) / 4)
        yield (clock, 0, *numbers, bytes((1, 2, index & 3)), draw.randrange(1 << 40))


@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("scaler", [0, -1, -3, 2])
def test_both_ways_give_the_same_frame(scaler, aware, monkeypatch):
    buffer = encode_rows(rows(700, aware), KINDS)
    described = columns(scaler)
    if scaler:
        described[4] = Column("c")  # floats with a scaler go row by row
    by_rows = ProfileTable.decode(buffer, described).to_polars()
    monkeypatch.setattr(ProfileTable, "to_polars", pytest.fail)
    by_columns = profile_frame(buffer, described)
    assert by_columns.schema == by_rows.schema
    assert by_columns.equals(by_rows)
    assert by_columns.schema["clock"] == pl.Datetime("ms", "UTC" if aware else None)


@pytest.mark.parametrize(
    ("kind", "value", "scaler"), [("long64-unsigned", 1 << 60, -1), ("long64", 1 << 60, 3), ("float64", 0.1, 1)]
)
def test_what_an_array_cannot_hold_exactly_goes_row_by_row(kind, value, scaler):
    buffer = encode_rows([(value,)] * 3000, [kind])
    described = [Column("a", scaler)]
    assert profile_frame(buffer, described).equals(ProfileTable.decode(buffer, described).to_polars())


def test_null_compressed_and_short_buffers():
    compressed = [row if index == 0 else (None, None, *row[2:]) for index, row in enumerate(rows(700))]
    for buffer in (encode_rows(compressed, KINDS), encode_rows(list(rows(3)), KINDS)):
        frame = profile_frame(buffer, columns(), 900)
        assert frame.equals(ProfileTable.decode(buffer, columns(), 900).to_polars())
        assert frame["clock"][2] == START + dt.timedelta(minutes=30)


def test_the_type_of_a_scaled_column_does_not_hang_on_its_values():
    assert ProfileTable([(10,), (20,)], [Column("a", -1)]).to_polars().schema == {"a": pl.Float64}
    assert ProfileTable([(1,), ((1 << 63) - 1,)], [Column("a", 3)]).to_polars().schema == {"a": pl.Float64}
    assert ProfileTable([], [Column("a", -1)]).to_polars().schema == {"a": pl.Float64}
