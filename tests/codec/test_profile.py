"""The table of a profile: typed rows and their ways out."""

from __future__ import annotations

import builtins
import csv
import datetime as dt
import io
import json

import polars as pl
import pytest

from dlmskit.codec.data import Data, Delta
from dlmskit.codec.profile import CaptureObject, Column, ProfileTable
from dlmskit.codec.rows import encode_rows
from dlmskit.errors import ConfigError, DecodeError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis
from tests.vectors import load

START = CosemDateTime.from_datetime(dt.datetime.fromisoformat("2021-06-03T14:00:00+01:00"))
CAPTURED = (
    CaptureObject(8, Obis("0.0.1.0.0.255"), 2),
    CaptureObject(1, Obis("0.0.96.10.1.255"), 2),
    CaptureObject(3, Obis("1.0.1.8.0.255"), 2),
)
WH = 30


def columns(scaler=-1):
    return [Column.of(CAPTURED[0]), Column.of(CAPTURED[1]), Column.of(CAPTURED[2], scaler, WH)]


@pytest.fixture
def table():
    octets = bytes.fromhex(next(entry["hex"] for entry in load("apdu") if entry["name"] == "data-profile-nulldata"))
    return ProfileTable.decode(octets, columns(), 900)


def test_typed_rows(table):
    assert [(row[0].isoformat(), *row[1:]) for row in table.rows] == [
        ("2021-06-03T14:00:00+01:00", 0, 500.9),
        ("2021-06-03T14:15:00+01:00", 0, 502.4),
        ("2021-06-03T14:30:00+01:00", 4, 502.4),
    ]
    assert table.raw[1] == (None, None, 5024)
    assert len(table) == 3


def test_named_rows(table):
    assert table.names == ("clock", "0.0.96.10.1.255", "1.0.1.8.0.255")
    assert next(iter(table)) == dict(zip(table.names, table.rows[0], strict=True))
    assert table.column("1.0.1.8.0.255") == [500.9, 502.4, 502.4]
    with pytest.raises(ConfigError, match=r"no column 'energy'; there are clock"):
        table.column("energy")


@pytest.mark.parametrize(
    ("scaler", "value"), [(0, 5009), (3, 5_009_000), (-1, 500.9), (-3, 5.009), (-10, 0.0000005009), (1, 50090)]
)
def test_scalers(scaler, value):
    octets = encode_rows([(START.octets, 0, 5009)], ["octet-string", "unsigned", "double-long-unsigned"])
    scaled = ProfileTable.decode(octets, columns(scaler)).rows[0][2]
    assert repr(scaled) == repr(value)


def test_names_of_columns():
    assert Column.of(CaptureObject(4, Obis("1.0.1.6.0.255"), 5)).name == "1.0.1.6.0.255/5"
    assert Column.of(CaptureObject(7, Obis("1.0.99.1.0.255"), 2, 3)).name == "1.0.99.1.0.255[3]"
    twice = ProfileTable([(1, 2)], [Column("a"), Column("a")])
    assert twice.names == ("a", "a#2")
    assert Column("e", unit=WH).heading == "e [Wh]"
    assert Column("e", unit=255).heading == "e"


def test_csv(table):
    text = table.to_csv()
    assert list(csv.reader(io.StringIO(text))) == [
        ["clock", "0.0.96.10.1.255", "1.0.1.8.0.255 [Wh]"],
        ["2021-06-03T14:00:00+01:00", "0", "500.9"],
        ["2021-06-03T14:15:00+01:00", "0", "502.4"],
        ["2021-06-03T14:30:00+01:00", "4", "502.4"],
    ]
    stream = io.StringIO()
    assert table.to_csv(stream) == ""
    assert stream.getvalue() == text


def test_json_lines(table):
    lines = table.to_jsonl().splitlines()
    assert json.loads(lines[2]) == {"clock": "2021-06-03T14:30:00+01:00", "0.0.96.10.1.255": 4, "1.0.1.8.0.255": 502.4}
    stream = io.StringIO()
    assert table.to_jsonl(stream) == ""
    assert stream.getvalue().splitlines() == lines


def test_values_that_text_has_no_form_for():
    rows = [(b"\xff" * 12, b"\x01\xff", float("nan"), None, ((b"\x01", 2.5), Delta(3)))]
    table = ProfileTable(rows, [Column("clock", clock=True), *map(Column, "abcd")])
    (line,) = table.to_jsonl().splitlines()
    assert json.loads(line, parse_constant=pytest.fail) == {
        "clock": "not set",
        "a": "01ff",
        "b": "nan",
        "c": None,
        "d": [["01", 2.5], 3],
    }
    assert table.to_csv().splitlines()[1].startswith("not set,01ff,nan,,")


def test_frames(table):
    frame = table.to_polars()
    assert frame.schema == {
        "clock": pl.Datetime("ms", "UTC"),
        "0.0.96.10.1.255": pl.Int64,
        "1.0.1.8.0.255": pl.Float64,
    }
    assert frame["clock"][0] == dt.datetime.fromisoformat("2021-06-03T13:00:00+00:00")
    assert frame["1.0.1.8.0.255"].to_list() == [500.9, 502.4, 502.4]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, None], pl.Int64),
        ([1, (1 << 64) - 1], pl.UInt64),
        ([1, 2.5], pl.Float64),
        ([True, None], pl.Boolean),
        (["a", None], pl.String),
        ([b"a"], pl.Binary),
        ([1, "a"], pl.String),
        ([(1, 2)], pl.String),
    ],
)
def test_types_in_frames(values, dtype):
    # The first row is one where null-data has no value before it.
    series = ProfileTable([(value,) for value in values[::-1]], [Column("a")]).to_polars()["a"]
    assert series.dtype == dtype


def test_local_times_and_no_times_in_frames():
    local = CosemDateTime.from_datetime(dt.datetime(2021, 6, 3, 14)).octets
    frame = ProfileTable([(local,), (b"\xff" * 12,)], [Column("clock", clock=True)]).to_polars()
    assert frame["clock"].to_list() == [dt.datetime(2021, 6, 3, 14), None]


def test_frames_want_the_extra(table, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "polars":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"dlmskit\[export\]"):
        table.to_polars()


def test_empty():
    table = ProfileTable.decode(Data.array([]), columns())
    assert (table.rows, list(table), table.to_jsonl()) == ([], [], "")
    assert table.to_csv().splitlines() == ["clock,0.0.96.10.1.255,1.0.1.8.0.255 [Wh]"]
    assert table.to_polars().shape == (0, 3)


def test_another_number_of_columns():
    with pytest.raises(DecodeError, match="1 values for 3 columns"):
        ProfileTable([(1,)], columns())
    assert repr(ProfileTable([(1,)], [Column("a")])) == "ProfileTable(1 rows of a)"
