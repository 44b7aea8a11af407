"""Invocation counters and receive windows on disk: one SQLite file for all threads and processes of a machine.

WAL with synchronous=FULL: when `reserve` returns, the block is on the disk, and a kill at any moment loses numbers and repeats
none. Never copy the file back from a backup while its keys live: see `InvocationCounter.advance_to` for getting past the gap.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakSet

from dlmskit.errors import ConfigError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS transmit (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS receive (name TEXT PRIMARY KEY, lowest INTEGER NOT NULL) WITHOUT ROWID;
"""
_RESERVE = """
INSERT INTO transmit (name, next) VALUES (:name, :at_least + :count)
ON CONFLICT (name) DO UPDATE SET next = max(next, :at_least) + :count RETURNING next - :count
"""
_RAISE = """
INSERT INTO receive (name, lowest) VALUES (:name, :lowest)
ON CONFLICT (name) DO UPDATE SET lowest = max(lowest, excluded.lowest)
"""


class SqliteCounterStore:
    """A `CounterStore` and a `WindowStore` in one file. Safe for threads, for processes, and across a fork.

    Raises `ConfigError` where the file cannot be opened, read or written; then no counter is given out.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_seconds: float = 30.0) -> None:
        self._path = Path(path)
        self._busy_seconds = busy_seconds
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._of_parents: list[sqlite3.Connection] = []
        _STORES.add(self)
        with self._database():
            pass

    def reserve(self, counter_id: str, count: int, at_least: int = 0) -> int:
        """Put away that `count` numbers are used up, on disk, and return the first of them."""
        parameters = {"name": counter_id, "count": count, "at_least": at_least}
        with self._database() as run:
            return int(run(_RESERVE, parameters)[0][0])

    def next_unreserved(self, counter_id: str) -> int | None:
        """The lowest number never reserved; None for a counter that was never used."""
        with self._database() as run:
            rows = run("SELECT next FROM transmit WHERE name = :name", {"name": counter_id})
        return int(rows[0][0]) if rows else None

    def lowest_acceptable(self, window_id: str) -> int:
        """The lowest counter still accepted from this sender; 0 where it was never heard."""
        with self._database() as run:
            rows = run("SELECT lowest FROM receive WHERE name = :name", {"name": window_id})
        return int(rows[0][0]) if rows else 0

    def raise_to(self, window_id: str, lowest: int) -> None:
        """Put away, on disk, that nothing below `lowest` is accepted any more."""
        with self._database() as run:
            run(_RAISE, {"name": window_id, "lowest": lowest})

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def after_fork(self) -> None:
        """In the child: open anew. The parent's connection must be neither used nor closed here, so it is set aside."""
        self._lock = Lock()
        if self._connection is not None:
            self._of_parents.append(self._connection)
        self._connection = None

    @contextmanager
    def _database(self) -> Iterator[Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]]:
        """One statement at a time is one transaction: SQLite's own lock holds between processes, ours between threads."""
        with self._lock:
            try:
                connection = self._open()
                yield lambda statement, parameters: connection.execute(statement, parameters).fetchall()
            except sqlite3.Error as error:
                self._close()
                raise ConfigError(f"the counter file {self._path} cannot be used: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=8
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
            self._connection = connection
        return self._connection


_STORES: WeakSet[SqliteCounterStore] = WeakSet()


def _after_fork() -> None:
    for store in _STORES:
        store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
