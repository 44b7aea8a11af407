"""Where a profile keeps its rows: the protocol, and the store in memory. One that survives a restart is the server's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dlmskit.codec.data import Data


class RowStore(Protocol):
    """Rows in order of arrival, oldest first; each is the structure of one entry."""

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int) -> Sequence[Data]:
        """Rows ``start`` to ``stop`` (not included), counted from 0."""

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

    def append(self, row: Data) -> None:
        """Add the newest row."""
        self._rows.append(row)

    def remove(self, index: int) -> None:
        """Drop one row."""
        del self._rows[index]

    def clear(self) -> None:
        """Drop all rows."""
        self._rows.clear()
