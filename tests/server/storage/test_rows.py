"""Rows of a profile on disk: the same as rows in memory, and found by time without being looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.declaration import Request
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.rows import MemoryRowStore
from dlmskit.cosem.selective import CLOCK_TIME, CaptureObject, RangeDescriptor
from dlmskit.server import Database, StoredRows
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis

PROFILE, ENERGY = Obis("1.0.99.1.0.255"), Obis("1.0.1.8.0.255")
YEAR = 35_040
START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def database() -> Iterator[Database]:
    opened = Database(":memory:")
    yield opened
    opened.close()


def row(number: int, zone: timezone = UTC) -> Data:
    moment = (START + timedelta(minutes=15 * number)).astimezone(zone)
    return Data.structure([Data.octet_string(CosemDateTime.from_datetime(moment)), Data.double_long_unsigned(number)])


@given(st.lists(st.one_of(st.just("append"), st.just("clear"), st.integers(0, 20)), max_size=40))
def test_stored_rows_are_rows_in_memory(acts: list[str | int]) -> None:
    database = Database(":memory:")
    stored, model = StoredRows(database, 1, PROFILE), MemoryRowStore()
    other = StoredRows(database, 2, PROFILE)
    other.append(row(99))
    for number, act in enumerate(acts):
        for store in (stored, model):
            if act == "append":
                store.append(row(number))
            elif act == "clear":
                store.clear()
            elif isinstance(act, int) and act < len(store):
                store.remove(act)
        assert len(stored) == len(model)
        assert stored.rows(0, len(model)) == model.rows(0, len(model))
        assert stored.rows(1, 3) == model.rows(1, 3)
    assert StoredRows(database, 1, PROFILE).rows(0, 100) == model.rows(0, 100)
    assert other.rows(0, 9) == [row(99)]
    database.close()


def year_profile(database: Database) -> ProfileGeneric:
    rows = StoredRows(database, 1, PROFILE)
    rows.extend(row(number) for number in range(YEAR))
    columns = Data.array([CLOCK_TIME.to_data(), CaptureObject(3, ENERGY, 2).to_data()])
    return ProfileGeneric(PROFILE, rows=rows, capture_objects=columns, capture_period=900, profile_entries=YEAR)


class CountingRows(StoredRows):
    read = 0

    def rows(self, start: int, stop: int) -> list[Data]:
        found = list(super().rows(start, stop))
        self.read += len(found)
        return found


def test_a_day_of_a_year_costs_a_few_days(database: Database) -> None:
    profile = year_profile(database)
    counting = profile.rows = CountingRows(database, 1, PROFILE)
    tree = ObjectTree([Clock(), Register(ENERGY), profile])
    wanted = RangeDescriptor.between(START + timedelta(days=200), START + timedelta(days=201))
    found = tree.get(7, PROFILE).get(2, Request(2, 1, wanted.to_data())).value
    assert [one[1] for one in found] == list(range(200 * 96, 201 * 96 + 1))
    assert counting.read < 5 * 96


@pytest.mark.parametrize("hours", [-12, 0, 2, 14])
@pytest.mark.parametrize("row_hours", [-12, 1, 14])
def test_the_index_never_loses_a_row(database: Database, hours: int, row_hours: int) -> None:
    rows = StoredRows(database, 1, PROFILE)
    zone = timezone(timedelta(hours=row_hours))
    rows.extend(row(number, zone) for number in range(2000))
    since = (START + timedelta(minutes=15 * 700)).astimezone(timezone(timedelta(hours=hours)))
    near = rows.near(since, since + timedelta(hours=1))
    assert near.start <= 700
    assert near.stop >= 705
    assert rows.near(None, None) == range(2000)
    assert rows.near(since, None).stop == 2000
    assert rows.near(None, since).start == 0
    assert rows.near(START + timedelta(days=100), None) == range(0)


def test_rows_without_a_time_are_kept_too(database: Database) -> None:
    rows = StoredRows(database, 1, PROFILE)
    for value in (Data.structure([Data.unsigned(1)]), Data.structure([Data.octet_string(b"\xff" * 12)]), Data.structure([])):
        rows.append(value)
    assert len(rows.rows(0, 3)) == 3


def test_they_survive_the_process(tmp_path: Path) -> None:
    database = Database(tmp_path / "meter.sqlite")
    StoredRows(database, 1, PROFILE).extend(row(number) for number in range(10))
    database.close()
    database = Database(tmp_path / "meter.sqlite")
    rows = StoredRows(database, 1, PROFILE)
    rows.remove(0)
    rows.append(row(10))
    assert rows.rows(0, 99) == [row(number) for number in range(1, 11)]
    database.close()
