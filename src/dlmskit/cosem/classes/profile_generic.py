"""Interface class 7, Profile generic (Blue Book 4.3.6): rows captured from other objects, read by range or by entry.

Rows are kept encoded, in a `RowStore`, and a buffer is their concatenation. Rows are complete: null-data compression is
the choice of a server, and this one does not make it. Version 0 is in `dlmskit.cosem.classes.profile_generic_v0`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from functools import lru_cache

from dlmskit.codec.data import Data, skip_data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.reader import read_length, write_length
from dlmskit.codec.skip import FIXED_SIZES
from dlmskit.cosem.access import Operation
from dlmskit.cosem.bounds import Bounds
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import CAPTURE_OBJECT
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.rows import MemoryRowStore, RowStore
from dlmskit.cosem.selective import BY_ENTRY, BY_RANGE, CaptureObject, EntryDescriptor, RangeDescriptor
from dlmskit.cosem.timebound import TimeBound, next_of_period
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

BUFFER = 2


class SortMethod(IntEnum):
    """sort_method: the order of entries, and which one makes room when the buffer is full."""

    FIFO = 1
    LIFO = 2
    LARGEST = 3
    SMALLEST = 4
    NEAREST_TO_ZERO = 5
    FARTHEST_FROM_ZERO = 6


_ORDERS: dict[int, Callable[[float], float]] = {
    SortMethod.LARGEST: lambda number: -number,
    SortMethod.SMALLEST: lambda number: number,
    SortMethod.NEAREST_TO_ZERO: abs,
    SortMethod.FARTHEST_FROM_ZERO: lambda number: -abs(number),
}
"""Smaller is better, for the methods that sort by value."""


class ProfileGeneric(TimeBound, InterfaceClass, class_id=7, version=1, name="Profile generic", methods_at=0x58):
    """A load profile, billing values, an event log: every row has one column per capture object."""

    buffer = attribute(BUFFER, "choice{array<any>,compact-array}", dynamic=True, selectors=(BY_RANGE, BY_ENTRY))
    capture_objects = attribute(3, f"array<{CAPTURE_OBJECT}>")
    capture_period = attribute(4, "double-long-unsigned")
    sort_method = attribute(
        5, "enum{1=fifo,2=lifo,3=largest,4=smallest,5=nearest_to_zero,6=farthest_from_zero}", default=SortMethod.FIFO
    )
    sort_object = attribute(6, CAPTURE_OBJECT)
    entries_in_use = attribute(7, "double-long-unsigned", dynamic=True)
    profile_entries = attribute(8, "double-long-unsigned")

    def __init__(self, logical_name: Obis | str, /, *, rows: RowStore | None = None, **values: object) -> None:
        super().__init__(logical_name, **values)
        self.rows: RowStore = MemoryRowStore() if rows is None else rows
        """The entries, in order of arrival."""

    # --- capturing -----------------------------------------------------------------------------------------------------

    @method(1)
    def reset(self) -> None:
        """Empty the buffer; the configuration stays."""
        self.rows.clear()

    @method(2)
    def capture(self) -> None:
        """Copy all capture objects into a new entry. What cannot be read, a secret above all, is null-data."""
        self.insert(Data.structure([self.tree.captured(column) for column in self.columns]))

    def insert(self, row: Data) -> None:
        """Add an entry that was made elsewhere; when the buffer is full, the oldest or the worst one goes."""
        self.rows.append(row)
        while len(self.rows) > self.stored(8).value:
            self.rows.remove(self._least_wanted())

    timetable = (4,)

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The next end of a capture_period. None: captured by method alone."""
        return next_of_period(self.stored(4).value, after, rules)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """Capture. A period that nobody was there for has no values: it leaves a gap."""
        if not late or late < timedelta(seconds=self.stored(4).value):
            self.capture()

    @property
    def columns(self) -> tuple[CaptureObject, ...]:
        """The capture objects, in the order of the columns."""
        return _columns(self.stored(3))

    # --- configuration -------------------------------------------------------------------------------------------------

    @capture_objects.writer
    def _write_capture_objects(self, value: Data, request: Request) -> None:
        for column in CaptureObject.list_from_data(value):
            if (column.class_id, column.logical_name, column.attribute_index) == (*self.key, BUFFER):
                raise ServiceError(DataAccessResult.OTHER_REASON, "capture_objects", "a profile cannot capture its own buffer")
            if request.caller is not None and not self._may_read(column, request):
                raise ServiceError(DataAccessResult.READ_WRITE_DENIED, "capture_objects", str(column.logical_name))
        self._configure(value, request)

    @capture_period.writer
    @sort_method.writer
    @sort_object.writer
    @profile_entries.writer
    def _configure(self, value: Data, request: Request) -> None:
        """A changed configuration empties the buffer: its rows would not fit their description."""
        self.store(request.number, value)
        self.rows.clear()

    @buffer.writer
    def _write_buffer(self, value: Data, request: Request) -> None:
        raise ServiceError(DataAccessResult.READ_WRITE_DENIED, "buffer", "entries are captured, never written")

    def _may_read(self, column: CaptureObject, request: Request) -> bool:
        """Nobody captures what he may not read himself (R-041)."""
        numbers: Sequence[int] = [column.attribute_index]
        if column.attribute_index == 0:
            numbers = list(self.tree.get(column.class_id, column.logical_name).attributes)
        caller = request.caller
        return caller is None or all(
            caller.may(Operation.GET, column.class_id, column.logical_name, number) for number in numbers
        )

    @entries_in_use.reader
    def _read_entries_in_use(self, request: Request) -> Data:
        return Data.double_long_unsigned(len(self.rows))

    # --- reading -------------------------------------------------------------------------------------------------------

    @buffer.reader
    def _read_buffer(self, request: Request) -> Data:
        if request.selector is None or request.parameter is None:
            return Data.array(self._sorted(range(len(self.rows))))
        return self.selected(request.selector, request.parameter)

    def selected(self, selector: int, parameter: Data) -> Data:
        """What a range or an entry descriptor selects. Raises ServiceError: type-unmatched for anything else, other-reason."""
        try:
            if selector == BY_RANGE:
                return self._by_range(RangeDescriptor.from_data(parameter))
            return self._by_entry(EntryDescriptor.from_data(parameter))
        except DecodeError as error:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "buffer", str(error)) from error

    def _by_entry(self, entries: EntryDescriptor) -> Data:
        columns = entries.columns(len(self.columns))
        rows = self._sorted(entries.rows(len(self.rows)))
        return Data.array(_cut(rows, list(columns), len(self.columns)) if columns else ())

    def _by_range(self, wanted: RangeDescriptor) -> Data:
        columns = self.columns
        # Every column is looked up before any row is touched, so that an absurd list costs no scan.
        if len(wanted.selected_values) > len(columns):
            raise ServiceError(DataAccessResult.OTHER_REASON, "buffer", "more columns selected than are captured")
        restricting = _position(columns, wanted.restricting_object)
        selected = [_position(columns, column) for column in wanted.selected_values] or list(range(len(columns)))
        bounds = Bounds(wanted.from_value, wanted.to_value)
        candidates = self._sorted(self._near(bounds) if restricting == 0 else range(len(self.rows)))
        rows = [row for row in candidates if bounds.hold(_column(row, restricting))]
        return Data.array(_cut(rows, selected, len(columns)))

    # --- order ---------------------------------------------------------------------------------------------------------

    def _sorted(self, entries: range) -> Sequence[Data]:
        """The entries meant by numbers in the order of the buffer."""
        count = len(self.rows)
        if not entries:
            return ()
        sort_method = self.stored(5).value
        if sort_method == SortMethod.LIFO:
            return self.rows.rows(count - entries.stop, count - entries.start)[::-1]
        if sort_method in _ORDERS:
            rank = self._rank()
            return sorted(self.rows.rows(0, count), key=rank)[entries.start : entries.stop]
        return self.rows.rows(entries.start, entries.stop)

    def _near(self, bounds: Bounds) -> range:
        """The entries that can lie within bounds on the first column, by numbers in the order of the buffer."""
        sort_method, count = self.stored(5).value, len(self.rows)
        if sort_method in _ORDERS:
            return range(count)
        rows = self.rows.near(*bounds.moments)
        return range(count - rows.stop, count - rows.start) if sort_method == SortMethod.LIFO else rows

    def _least_wanted(self) -> int:
        """The row that makes room: the oldest, or the last one in sorted order, the newest of equals."""
        if self.stored(5).value not in _ORDERS:
            return 0
        rank = self._rank()
        ranks = [rank(row) for row in self.rows.rows(0, len(self.rows))]
        return len(ranks) - 1 - ranks[::-1].index(max(ranks))

    def _rank(self) -> Callable[[Data], float]:
        """How a row ranks by its sort object; rows without a number there come last."""
        order = _ORDERS[self.stored(5).value]
        column = CaptureObject.from_data(self.stored(6))
        position = self.columns.index(column) if column in self.columns else None

        def rank(row: Data) -> float:
            number = None if position is None else _column(row, position).value
            return order(number) if isinstance(number, int | float) else float("inf")

        return rank


def _position(columns: tuple[CaptureObject, ...], column: CaptureObject) -> int:
    try:
        return columns.index(column)
    except ValueError:
        raise ServiceError(DataAccessResult.OTHER_REASON, "buffer", f"{column.logical_name} is not captured") from None


@lru_cache(maxsize=256)
def _columns(capture_objects: Data) -> tuple[CaptureObject, ...]:
    return CaptureObject.list_from_data(capture_objects)


def _skip(octets: bytes, at: int) -> int:
    """`skip_data` for a row of our own making: numbers and short strings, which is nearly all, without a call."""
    tag = octets[at]
    if tag == Tag.OCTET_STRING and octets[at + 1] < 0x80:
        return at + 2 + octets[at + 1]
    return at + FIXED_SIZES[tag] if FIXED_SIZES[tag] else skip_data(octets, at)


def _column(row: Data, position: int) -> Data:
    octets = row.octets
    _, at = read_length(octets, 1)
    for _ in range(position):
        at = _skip(octets, at)
    return Data(octets[at : _skip(octets, at)])


def _cut(rows: Sequence[Data], positions: list[int], columns: int) -> Sequence[Data]:
    """The rows with only these columns, in this order."""
    if positions == list(range(columns)):
        return rows
    head = b"\x02" + write_length(len(positions))
    cut = []
    for row in rows:
        octets = row.octets
        count, at = read_length(octets, 1)
        parts = []
        for _ in range(count):
            end = _skip(octets, at)
            parts.append(octets[at:end])
            at = end
        cut.append(Data(head + b"".join([parts[position] for position in positions])))
    return cut
