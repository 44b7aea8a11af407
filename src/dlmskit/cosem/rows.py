"""Where a profile keeps its rows: the protocol, and the store in memory. One that survives a restart is the server's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from dlmskit.codec.data import Data


class RowStore(Protocol):
    """Rows in order of arrival, oldest first; each is the structure of one entry."""

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int) -> Sequence[Data]:
        """Rows ``start`` to ``stop`` (not included), counted from 0."""

    def near(self, since: datetime | None, until: datetime | None) -> range:
        """A range of rows outside of which the first column is no time between both, None for an open end.

        It may be wider than needed, up to all rows: the profile looks at what is in it.
        """

    def append(self, row: Data) -> None:
        """Add the newest row."""

    def remove(self, index: int) -> None:
        """Drop one row; 0 is the oldest."""

    def clear(self) -> None:
        """Drop all rows."""


class MemoryRowStore:
    """Rows in a list."""

    def __init__(self) -> None:
        self._rows: list[Data] = []

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, start: int, stop: int) -> Sequence[Data]:
        """Rows ``start`` to ``stop`` (not included)."""
        return self._rows[start:stop]

    def near(self, since: datetime | None, until: datetime | None) -> range:
        """All rows: there is no index."""
        return range(len(self._rows))

    def append(self, row: Data) -> None:
        """Add the newest row."""
        self._rows.append(row)

    def remove(self, index: int) -> None:
        """Drop one row."""
        del self._rows[index]

    def clear(self) -> None:
        """Drop all rows."""
        self._rows.clear()
