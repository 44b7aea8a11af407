"""Capturing, order, room, and selective access against a naive model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.profile_generic import ProfileGeneric, SortMethod
from dlmskit.cosem.classes.profile_generic_v0 import ProfileGenericV0
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.selective import CLOCK_TIME, CaptureObject, EntryDescriptor, RangeDescriptor
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis
from tests.cosem.peers import StandingClock
from tests.vectors import load
from tests.work import at_most

ENERGY = CaptureObject(3, Obis("1.0.1.8.0.255"), 2)
STATUS = CaptureObject(3, Obis("1.0.96.5.0.255"), 2)
PROFILE = Obis("1.0.99.1.0.255")
NULL = Data.null()


def profile(entries: int = 1000, sort: int = SortMethod.FIFO, sort_object: CaptureObject = ENERGY) -> ProfileGeneric:
    """A profile of clock, energy and status, in a device whose clock stands."""
    clock = StandingClock(datetime(2024, 1, 15, 12, 0, tzinfo=UTC))
    tree = ObjectTree(
        [
            Clock(time_zone=-60),
            Register(ENERGY.logical_name, value=Data.double_long(0)),
            Register(STATUS.logical_name, value=Data.unsigned(0)),
        ],
        clock=clock,
    )
    columns = [CLOCK_TIME, ENERGY, STATUS]
    return tree.add(
        ProfileGeneric(
            PROFILE,
            capture_objects=columns,
            capture_period=900,
            profile_entries=entries,
            sort_method=sort,
            sort_object=sort_object,
        )
    )


def fill(one: ProfileGeneric, values: list[int]) -> None:
    clock = one.tree.clock
    assert isinstance(clock, StandingClock)
    for value in values:
        one.tree.get(3, ENERGY.logical_name).set(2, Data.double_long(value))
        one.capture()
        clock.forward(minutes=15)


def read(one: ProfileGeneric, selector: int | None = None, parameter: Data | None = None) -> list[tuple]:
    rows = one.get(2, Request(2, selector, parameter)).value
    assert isinstance(rows, list)
    return rows


def energies(rows: list[tuple]) -> list[int]:
    return [row[1] for row in rows]


def test_a_row_is_what_the_objects_say() -> None:
    one = profile()
    fill(one, [7])
    ((moment, energy, status),) = read(one)
    assert (str(CosemDateTime(moment)), energy, status) == ("2024-01-15 13:00:00 +01:00", 7, 0)
    assert one.get(2).octets == bytes.fromhex("01010203090c07e8010f010d000000ffc400" + "0500000007" + "1100")
    assert one.entries_in_use == 1


def test_what_cannot_be_captured_is_null() -> None:
    one = profile()
    one.tree.remove((3, ENERGY.logical_name))
    one.capture()
    assert energies(read(one)) == [None]


def test_capturing_by_method_and_reset() -> None:
    one = profile()
    one.action(2, Data.integer(0))
    one.action(2, Data.integer(0))
    assert one.entries_in_use == 2
    one.action(1, Data.integer(0))
    assert one.entries_in_use == 0
    assert read(one) == []
    assert len(one.columns) == 3


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (SortMethod.FIFO, [-4, 8, 2, 1]),
        (SortMethod.LIFO, [1, 2, 8, -4]),
        (SortMethod.LARGEST, [8, 5, 2, 1]),
        (SortMethod.SMALLEST, [-4, 1, 2, 5]),
        (SortMethod.NEAREST_TO_ZERO, [1, 2, -4, 5]),
        (SortMethod.FARTHEST_FROM_ZERO, [8, 5, -4, 2]),
    ],
)
def test_order_and_what_makes_room(sort: SortMethod, expected: list[int]) -> None:
    one = profile(entries=4, sort=sort)
    fill(one, [5, -4, 8, 2, 1])
    assert energies(read(one)) == expected
    assert energies(read(one, 2, EntryDescriptor(2, 3).to_data())) == expected[1:3]
    assert one.entries_in_use == 4


def test_without_room_nothing_is_kept() -> None:
    one = profile(entries=0)
    fill(one, [1])
    assert one.entries_in_use == 0


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (3, Data.array([ENERGY.to_data()])),
        (4, Data.double_long_unsigned(60)),
        (5, Data.enum(2)),
        (6, ENERGY.to_data()),
        (8, Data.double_long_unsigned(5)),
    ],
)
def test_a_new_configuration_empties_the_buffer(number: int, value: Data) -> None:
    one = profile()
    fill(one, [1, 2])
    one.set(number, value)
    assert one.get(number) == value
    assert one.entries_in_use == 0


@pytest.mark.parametrize(
    ("number", "value", "code"),
    [
        (3, Data.array([Data.null()]), DataAccessResult.TYPE_UNMATCHED),
        (3, Data.array([CaptureObject(7, PROFILE, 2).to_data()]), DataAccessResult.OTHER_REASON),
        (5, Data.enum(7), DataAccessResult.OTHER_REASON),
        (4, Data.long_unsigned(60), DataAccessResult.TYPE_UNMATCHED),
        (2, Data.array([]), DataAccessResult.READ_WRITE_DENIED),
    ],
)
def test_a_refused_configuration_keeps_the_buffer(number: int, value: Data, code: DataAccessResult) -> None:
    one = profile()
    fill(one, [1, 2])
    with pytest.raises(ServiceError) as refusal:
        one.set(number, value)
    assert refusal.value.code == code
    assert one.entries_in_use == 2


@pytest.mark.parametrize(
    ("period", "local", "expected"),
    [
        (900, datetime(2024, 1, 15, 12, 0), datetime(2024, 1, 15, 12, 15)),
        (900, datetime(2024, 1, 15, 12, 14, 59), datetime(2024, 1, 15, 12, 15)),
        (86400, datetime(2024, 1, 15, 0, 0), datetime(2024, 1, 16)),
        (7 * 3600, datetime(2024, 1, 15, 22, 0), datetime(2024, 1, 16)),
        (0, datetime(2024, 1, 15), None),
    ],
)
def test_periods_start_at_midnight(period: int, local: datetime, expected: datetime | None) -> None:
    one = profile()
    one.capture_period = period
    after = local.replace(tzinfo=UTC)
    assert one.following(after, LocalTime()) == (None if expected is None else expected.replace(tzinfo=UTC))


# --- selective access -----------------------------------------------------------------------------------------------------

values_in = st.lists(st.integers(-50, 50), max_size=12)
ends = st.integers(-60, 60)


@given(values_in, ends, ends, st.lists(st.sampled_from([0, 1, 2]), max_size=3, unique=True), st.sampled_from([1, 2]))
def test_ranges_of_numbers_against_a_naive_model(values: list[int], first: int, last: int, columns: list[int], sort: int) -> None:
    one = profile(entries=8, sort=sort)
    fill(one, values)
    selected = tuple(one.columns[position] for position in columns)
    wanted = RangeDescriptor(ENERGY, Data.long(first), Data.long(last), selected)
    kept = [row for row in read(one) if first <= row[1] <= last]
    expected = [tuple(row[position] for position in columns) for row in kept] if columns else kept
    assert read(one, 1, wanted.to_data()) == expected


@given(st.integers(0, 12), st.integers(-2, 14), st.integers(-2, 14), st.booleans())
def test_ranges_of_time_against_a_naive_model(rows: int, first: int, last: int, tagged: bool) -> None:
    one = profile()
    fill(one, list(range(rows)))
    start = datetime(2024, 1, 15, 12, 0, tzinfo=UTC)
    wanted = RangeDescriptor.between(start + timedelta(minutes=15 * first), start + timedelta(minutes=15 * last), tagged=tagged)
    assert energies(read(one, 1, wanted.to_data())) == [row for row in range(rows) if first <= row <= last]


@given(values_in, st.integers(0, 14), st.integers(0, 14), st.integers(0, 5), st.integers(0, 5), st.sampled_from([1, 2, 3]))
def test_entries_against_a_naive_model(
    values: list[int], first: int, last: int, first_column: int, last_column: int, sort: int
) -> None:
    one = profile(entries=8, sort=sort)
    fill(one, values)
    rows = read(one)
    wanted_rows = rows[first - 1 : last or None] if first else []
    expected = [row[first_column - 1 : last_column or None] for row in wanted_rows] if first_column else []
    expected = [row for row in expected if row]
    answer = read(one, 2, EntryDescriptor(first, last, first_column, last_column).to_data())
    assert answer == expected


def test_a_range_with_open_ends() -> None:
    one = profile()
    fill(one, [1, 2, 3])
    assert energies(read(one, 1, RangeDescriptor(CLOCK_TIME, NULL, NULL).to_data())) == [1, 2, 3]
    late = RangeDescriptor.between(datetime(2024, 1, 15, 12, 15, tzinfo=UTC), None)
    assert energies(read(one, 1, late.to_data())) == [2, 3]


def test_a_clock_set_back_repeats_times_and_all_are_read() -> None:
    one = profile()
    fill(one, [1, 2])
    clock = one.tree.get(8, CLOCK_TIME.logical_name)
    assert isinstance(clock, Clock)
    clock.shift_time(-900)
    clock.shift_time(-900)
    fill(one, [3, 4])
    start = datetime(2024, 1, 15, 12, 0, tzinfo=UTC)
    assert energies(read(one, 1, RangeDescriptor.between(start, start).to_data())) == [1, 3]


@pytest.mark.parametrize("name", ["get-range-1", "get-range-2", "get-entry", "get-entry-last10"])
def test_published_selections_are_understood(name: str) -> None:
    (vector,) = (entry for entry in load("apdu") if entry["name"] == name)
    octets = bytes.fromhex(vector["hex"])
    one = profile()
    fill(one, list(range(12)))
    expected = 10 if name == "get-entry-last10" else 12 if name == "get-entry" else 0
    assert len(read(one, octets[13], Data.decode(octets[14:]))) == expected


# --- R-013 ----------------------------------------------------------------------------------------------------------------

ABSENT = CaptureObject(3, Obis("1.0.9.9.9.255"), 2)


@pytest.mark.case("R-013")
@pytest.mark.parametrize(
    ("selector", "parameter", "code"),
    [
        (1, RangeDescriptor(ABSENT, NULL, NULL).to_data(), DataAccessResult.OTHER_REASON),
        (1, RangeDescriptor(CLOCK_TIME, NULL, NULL, (ABSENT,)).to_data(), DataAccessResult.OTHER_REASON),
        (1, RangeDescriptor(CLOCK_TIME, NULL, NULL, (ENERGY,) * 900).to_data(), DataAccessResult.OTHER_REASON),
        (1, RangeDescriptor(CLOCK_TIME, NULL, NULL, (ENERGY,) * 10_000).to_data(), DataAccessResult.TYPE_UNMATCHED),
        (1, RangeDescriptor(CLOCK_TIME, Data.long(1), NULL).to_data(), DataAccessResult.TYPE_UNMATCHED),
        (1, NULL, DataAccessResult.TYPE_UNMATCHED),
        (2, NULL, DataAccessResult.TYPE_UNMATCHED),
        (2, Data.structure([Data.long(1)] * 4), DataAccessResult.TYPE_UNMATCHED),
        (3, NULL, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
    ],
)
def test_absurd_selections_are_refused(selector: int, parameter: Data, code: DataAccessResult) -> None:
    one = profile()
    fill(one, [1, 2, 3])
    with pytest.raises(ServiceError) as refusal:
        read(one, selector, parameter)
    assert refusal.value.code == code


@pytest.mark.case("R-013")
@pytest.mark.parametrize(
    ("selector", "parameter"),
    [
        (2, EntryDescriptor(0xFFFFFFFF, 0).to_data()),
        (2, EntryDescriptor(3, 1).to_data()),
        (2, EntryDescriptor(1, 0, 0xFFFF, 0).to_data()),
        (1, RangeDescriptor(ENERGY, Data.long(9), Data.long(1)).to_data()),
        (1, RangeDescriptor.between(datetime(2030, 1, 1), datetime(2020, 1, 1)).to_data()),
    ],
)
def test_ranges_that_hold_nothing_are_empty(selector: int, parameter: Data) -> None:
    one = profile()
    fill(one, [1, 2, 3])
    assert read(one, selector, parameter) == []


@pytest.mark.case("R-013")
def test_absurd_columns_cost_no_scan() -> None:
    one = profile(entries=20_000)
    fill(one, [1])
    row = one.rows.rows(0, 1)[0]
    for _ in range(19_999):
        one.rows.append(row)
    parameter = RangeDescriptor(CLOCK_TIME, NULL, NULL, (ABSENT,) * 3).to_data()
    with at_most(2_000), pytest.raises(ServiceError):
        read(one, 1, parameter)


def test_version_0_selects_by_method_what_version_1_selects_by_selector() -> None:
    """Methods 3 and 4 take the descriptors of the two access selectors; a column that is not captured is refused."""
    one = profile()
    fill(one, [1, 2, 3, 4])
    tree = one.tree
    tree.remove(one.key)
    old = tree.add(
        ProfileGenericV0(
            PROFILE, rows=one.rows, capture_objects=one.capture_objects, profile_entries=9, sort_method=SortMethod.FIFO
        )
    )
    entries, by_status = EntryDescriptor(2, 3, 2, 3), RangeDescriptor(ENERGY, Data.double_long(3), NULL, (STATUS, ENERGY))
    for number, selector, wanted in ((4, 2, entries), (3, 1, by_status)):
        assert old.action(number, wanted.to_data()) == old.get(2, Request(2, selector, wanted.to_data()))
    rows = old.action(4, entries.to_data())
    assert rows is not None
    assert rows.value == [(2, 0), (3, 0)]
    strange = RangeDescriptor(CaptureObject(3, Obis("1.0.2.8.0.255"), 2), NULL, NULL)
    with pytest.raises(ServiceError) as refusal:
        old.action(3, strange.to_data())
    assert refusal.value.code == DataAccessResult.OTHER_REASON
