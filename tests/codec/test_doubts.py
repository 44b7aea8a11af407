"""Rows that are odd are told apart, and stay what they are."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dlmskit.codec.data import Data
from dlmskit.codec.doubts import RowDoubt
from dlmskit.codec.profile import CaptureObject, Column, ProfileTable
from dlmskit.errors import DecodeError
from dlmskit.limits import Limits
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis

COLUMNS = [Column.of(CaptureObject(8, Obis("0.0.1.0.0.255"), 2)), Column.of(CaptureObject(3, Obis("1.0.1.8.0.255"), 2), 0, 30)]
START = datetime(2026, 3, 1)
NO_TIME = Data.octet_string(CosemDateTime.of())


def at(minutes: int, deviation: int | None = None) -> Data:
    moment = START + timedelta(minutes=minutes)
    date, time = CosemDate.from_date(moment.date()), CosemTime.of(moment.hour, moment.minute, 0, 0)
    return Data.octet_string(CosemDateTime.of(date, time, deviation))


def table(*rows: tuple[Data, Data]) -> ProfileTable:
    return ProfileTable.decode(Data.array(Data.structure(row) for row in rows), COLUMNS, 900)


def value(number: int) -> Data:
    return Data.double_long_unsigned(number)


@pytest.mark.case("R-073")
@pytest.mark.parametrize(
    ("rows", "doubts"),
    [
        ([(at(0), value(1)), (at(15), value(2)), (at(30), value(3))], {}),
        ([(at(30), value(1)), (at(15), value(2))], {1: (RowDoubt.TIME_GOES_BACK,)}),
        ([(at(0), value(1)), (at(0), value(1))], {1: (RowDoubt.ROW_REPEATED,)}),
        ([(at(0), value(1)), (at(15), value(2)), (at(0), value(9))], {2: (RowDoubt.TIME_REPEATED,)}),
        ([(NO_TIME, value(1)), (at(15), value(2))], {0: (RowDoubt.NO_TIME,)}),
        ([(at(0), value(1)), (at(15), Data.octet_string(b"x")), (at(30), value(3))], {1: (RowDoubt.OTHER_TYPE,)}),
        ([(at(0), value(1)), (at(15), Data.unsigned(2)), (at(30), Data.float32(1.5))], {}),
        ([(at(150, -120), value(1)), (at(120, -60), value(2))], {}),
    ],
    ids=["good", "back", "row again", "time again", "no time", "type", "widths", "end of daylight saving"],
)
def test_doubts(rows: list[tuple[Data, Data]], doubts: dict[int, tuple[RowDoubt, ...]]) -> None:
    found = table(*rows)
    assert found.doubts == doubts
    assert len(found.rows) == len(rows), "nothing is left out"


@pytest.mark.case("R-073")
def test_more_rows_than_are_taken_are_refused_before_they_are_made() -> None:
    rows = Data.array(Data.structure((at(minute), value(minute))) for minute in range(100))
    with pytest.raises(DecodeError):
        ProfileTable.decode(rows, COLUMNS, 900, Limits(data_elements=50))


@pytest.mark.case("R-073")
def test_rows_of_other_columns_are_refused() -> None:
    rows = Data.array((Data.structure((at(0), value(1))), Data.structure((at(15),))))
    with pytest.raises(DecodeError, match="values for 2 columns"):
        ProfileTable.decode(rows, COLUMNS, 900)
