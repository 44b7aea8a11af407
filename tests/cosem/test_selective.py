"""Range and entry descriptors: both ways, against published octets, and bounded against absurd ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data
from dlmskit.cosem.selective import CLOCK_TIME, CaptureObject, EntryDescriptor, RangeDescriptor
from dlmskit.errors import DecodeError
from dlmskit.types.obis import Obis
from tests.vectors import load

ENERGY = CaptureObject(3, Obis("1.0.1.8.0.255"), 2)


def selection(name: str) -> Data:
    """The access parameters of a GET request of the vectors: behind descriptor, flag and selector."""
    (vector,) = (entry for entry in load("apdu") if entry["name"] == name)
    return Data.decode(bytes.fromhex(vector["hex"])[14:])


@pytest.mark.parametrize("name", ["get-range-1", "get-range-2", "get-range-3"])
def test_published_ranges_are_read_and_written_alike(name: str) -> None:
    octets = selection(name)
    descriptor = RangeDescriptor.from_data(octets)
    assert descriptor.restricting_object == CLOCK_TIME
    assert descriptor.to_data() == octets


@pytest.mark.parametrize("name", ["get-entry", "get-entry-last10"])
def test_published_entries_are_read_and_written_alike(name: str) -> None:
    octets = selection(name)
    assert EntryDescriptor.from_data(octets).to_data() == octets


def test_a_range_from_python() -> None:
    since = datetime(2024, 1, 1, tzinfo=UTC)
    wanted = RangeDescriptor.between(since, None, selected_values=(CLOCK_TIME, ENERGY))
    assert wanted.from_value == Data.octet_string(bytes.fromhex("07E801010100000000000000"))
    assert wanted.to_value == Data.null()
    assert RangeDescriptor.from_data(wanted.to_data()) == wanted
    tagged = RangeDescriptor.between(since, since, tagged=True)
    assert tagged.to_value == Data.date_time(bytes.fromhex("07E801010100000000000000"))


@pytest.mark.parametrize(
    ("first", "last", "count", "expected"),
    [
        (1, 0, 5, [0, 1, 2, 3, 4]),
        (2, 3, 5, [1, 2]),
        (5, 5, 5, [4]),
        (6, 0, 5, []),
        (4, 2, 5, []),
        (0, 3, 5, []),
        (1, 99, 5, [0, 1, 2, 3, 4]),
        (0xFFFFFFFF, 0, 5, []),
        (1, 0xFFFFFFFF, 5, [0, 1, 2, 3, 4]),
        (1, 0, 0, []),
    ],
)
@pytest.mark.case("R-013")
def test_entries_meant(first: int, last: int, count: int, expected: list[int]) -> None:
    assert list(EntryDescriptor(first, last).rows(count)) == expected
    assert list(EntryDescriptor(1, 0, first, last).columns(count)) == expected


@pytest.mark.case("R-013")
@pytest.mark.parametrize(
    "octets",
    [
        Data.null(),
        Data.array([]),
        Data.structure([]),
        Data.structure([Data.null()] * 4),
        Data.structure([Data.null()] * 10_000),
        Data.structure([CLOCK_TIME.to_data(), Data.null(), Data.null(), Data.null()]),
        Data.structure([CLOCK_TIME.to_data(), Data.null(), Data.null(), Data.array([Data.null()])]),
        Data.structure([Data.structure([Data.octet_string(b"")] * 4), Data.null(), Data.null(), Data.array([])]),
    ],
)
def test_what_is_no_descriptor_is_refused(octets: Data) -> None:
    with pytest.raises(DecodeError):
        RangeDescriptor.from_data(octets)
    with pytest.raises(DecodeError):
        EntryDescriptor.from_data(octets)


@pytest.mark.case("R-013")
def test_too_many_columns_are_refused() -> None:
    with pytest.raises(DecodeError, match="too many"):
        RangeDescriptor.from_data(RangeDescriptor(CLOCK_TIME, Data.null(), Data.null(), (ENERGY,) * 10_000).to_data())


@given(
    st.builds(
        CaptureObject,
        st.integers(0, 0xFFFF),
        st.binary(min_size=6, max_size=6).map(Obis),
        st.integers(-128, 127),
        st.integers(0, 0xFFFF),
    )
)
def test_capture_objects_both_ways(column: CaptureObject) -> None:
    assert CaptureObject.from_data(column.to_data()) == column
