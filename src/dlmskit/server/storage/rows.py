"""Rows of a profile on disk: kept as they are encoded, numbered in order of arrival, found by time through an index.

The time of a row is its first column, where that is a date-time. The index holds local time; since deviations differ
between rows and requests, it only narrows a range down, and the profile itself looks at what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dlmskit.codec.data import Data
from dlmskit.server.storage.database import Database
from dlmskit.types.obis import Obis

_LARGEST_DIFFERENCE = 30 * 3600
"""Seconds by which two local times of one moment can differ, with something to spare."""
_ZERO = datetime(1, 1, 1)


class StoredRows:
    """A `RowStore` of one profile."""

    def __init__(self, database: Database, sap: int, logical_name: Obis) -> None:
        self._database = database
        self._key = sap, logical_name.octets
        query = "SELECT min(number), count(*) FROM row WHERE sap = ? AND logical_name = ?"
        first, count = database.read(query, self._key)[0]
        self._first: int = first or 0
        """Number of the oldest row; behind it there is no gap."""
        self._count: int = count

    def __len__(self) -> int:
        return self._count

    def rows(self, start: int, stop: int) -> Sequence[Data]:
        """Rows ``start`` to ``stop`` (not included), counted from 0."""
        query = "SELECT octets FROM row WHERE sap = ? AND logical_name = ? AND number >= ? AND number < ? ORDER BY number"
        found = self._database.read(query, (*self._key, self._first + start, self._first + stop))
        return [Data(octets) for (octets,) in found]

    def near(self, since: datetime | None, until: datetime | None) -> range:
        """A range of rows outside of which the first column is no time between both; None leaves an end open."""
        clauses, bounds = [], []
        if since is not None:
            clauses.append("local_seconds >= ?")
            bounds.append(_seconds(since) - _LARGEST_DIFFERENCE)
        if until is not None:
            clauses.append("local_seconds <= ?")
            bounds.append(_seconds(until) + _LARGEST_DIFFERENCE)
        if not clauses:
            return range(self._count)
        query = f"SELECT min(number), max(number) FROM row WHERE sap = ? AND logical_name = ? AND {' AND '.join(clauses)}"  # noqa: S608
        first, last = self._database.read(query, (*self._key, *bounds))[0]
        return range(0) if first is None else range(first - self._first, last - self._first + 1)

    def append(self, row: Data) -> None:
        """Add the newest row."""
        self.extend((row,))

    def extend(self, rows: Iterable[Data]) -> None:
        """Add rows, oldest first, as one change."""
        numbered = enumerate(rows, self._first + self._count)
        prepared = [(*self._key, number, local_seconds(row), row.octets) for number, row in numbered]
        self._database.write_many("INSERT INTO row VALUES (?, ?, ?, ?, ?)", prepared)
        self._count += len(prepared)

    def remove(self, index: int) -> None:
        """Drop one row; 0 is the oldest. Of what lies before and behind, the shorter part moves up."""
        number = self._first + index
        with self._database.transaction():
            self._write("DELETE FROM row WHERE sap = ? AND logical_name = ? AND number = ?", number)
            if index < self._count // 2:
                # Two steps, by way of negative numbers: the primary key holds for every row on the way.
                self._write("UPDATE row SET number = -number - 2 WHERE sap = ? AND logical_name = ? AND number < ?", number)
                self._first += 1
            elif index < self._count - 1:
                self._write("UPDATE row SET number = -number WHERE sap = ? AND logical_name = ? AND number > ?", number)
            self._write("UPDATE row SET number = -number - 1 WHERE sap = ? AND logical_name = ? AND number < ?", 0)
        self._count -= 1

    def clear(self) -> None:
        """Drop all rows."""
        self._database.write("DELETE FROM row WHERE sap = ? AND logical_name = ?", self._key)
        self._first, self._count = 0, 0

    def _write(self, statement: str, number: int) -> None:
        self._database.write(statement, (*self._key, number))


def local_seconds(row: Data) -> int | None:
    """The time in the first column as seconds of local time, None where there is none."""
    octets = row.octets
    if octets[2:4] == b"\x09\x0c" and len(octets) >= 16:
        time = octets[4:16]
    elif octets[2:3] == b"\x19" and len(octets) >= 15:
        time = octets[3:15]
    else:
        return None
    try:
        moment = datetime(int.from_bytes(time[:2]), time[2], time[3], time[5], time[6], time[7])
    except ValueError:
        return None
    return _seconds(moment)


def _seconds(moment: datetime) -> int:
    return int((moment.replace(tzinfo=None) - _ZERO).total_seconds())
