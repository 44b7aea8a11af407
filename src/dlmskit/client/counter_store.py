"""Invocation counters and receive windows on disk: one SQLite file for all threads and processes of a machine.

WAL with synchronous=FULL: when `reserve` returns, the block is on the disk, and a kill at any moment loses numbers and repeats
none. A file that was copied back from a backup is found out (`dlmskit.lineage`): every counter in it, and every one that it
has never heard of, then goes on `RESTORED_GAP` numbers further. `leap` does the same where only people know.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakSet

from dlmskit.client.journal import log
from dlmskit.errors import ConfigError
from dlmskit.lineage import Lineage
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import RESTORED_GAP

Run = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS transmit (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS receive (name TEXT PRIMARY KEY, lowest INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS begun (name TEXT PRIMARY KEY, second INTEGER NOT NULL, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lineage (one INTEGER PRIMARY KEY, home TEXT, writes INTEGER NOT NULL, lowest INTEGER NOT NULL);
-- Where an older program has counters, it named them otherwise: new names begin above all of them.
INSERT OR IGNORE INTO lineage SELECT 1, NULL, 0, coalesce(max(next), 0) FROM transmit;
CREATE TRIGGER IF NOT EXISTS first_use AFTER INSERT ON transmit BEGIN
    INSERT OR IGNORE INTO begun VALUES (new.name, strftime('%s', 'now'), new.next);
    UPDATE lineage SET writes = writes + 1;
END;
CREATE TRIGGER IF NOT EXISTS further_use AFTER UPDATE ON transmit BEGIN
    UPDATE lineage SET writes = writes + 1;
END;
"""
_RESERVE = """
INSERT INTO transmit (name, next) VALUES (:name, max(:at_least, (SELECT lowest FROM lineage)) + :count)
ON CONFLICT (name) DO UPDATE SET next = max(next, :at_least) + :count RETURNING next - :count
"""
_RAISE = """
INSERT INTO receive (name, lowest) VALUES (:name, :lowest)
ON CONFLICT (name) DO UPDATE SET lowest = max(lowest, excluded.lowest)
"""
_LEAP = "UPDATE transmit SET next = min(next + :numbers, :end)"
_KEPT = "SELECT name, transmit.next, begun.second, begun.next FROM transmit LEFT JOIN begun USING (name) ORDER BY name"


class KeptCounter(NamedTuple):
    """A counter on disk."""

    name: str
    next: int
    """The lowest number never reserved."""
    begun: int | None
    """When it was used first, in seconds since 1970; None where that was not noted."""
    begun_with: int | None
    """And which number was next then."""


def _leap(run: Run, numbers: int) -> None:
    run(_LEAP, {"numbers": numbers, "end": COUNTER_MAX + 1})
    run("UPDATE lineage SET lowest = min(lowest + :numbers, :end)", {"numbers": numbers, "end": COUNTER_MAX + 1})


class SqliteCounterStore:
    """A `CounterStore` and a `WindowStore` in one file. Safe for threads, for processes, and across a fork.

    Raises `ConfigError` where the file cannot be opened, read or written; then no counter is given out.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_seconds: float = 30.0) -> None:
        self._path = Path(path)
        self._busy_seconds = busy_seconds
        self._lineage = Lineage(self._path)
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
            first = int(run(_RESERVE, parameters)[0][0])
            self._lineage.mark(int(run("SELECT writes FROM lineage", {})[0][0]))
            return first

    def leap(self, numbers: int) -> None:
        """Go on so much further with every counter, those never heard of included; on disk when it returns."""
        with self._database() as run:
            run("BEGIN IMMEDIATE", {})
            _leap(run, numbers)
            run("COMMIT", {})

    def counters(self) -> list[KeptCounter]:
        """Every counter that was ever used."""
        with self._database() as run:
            return [KeptCounter(*row) for row in run(_KEPT, {})]

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
    def _database(self) -> Iterator[Run]:
        """One statement at a time is one transaction: SQLite's own lock holds between processes, ours between threads."""
        with self._lock:
            try:
                connection = self._open()
                yield lambda statement, parameters: connection.execute(statement, parameters).fetchall()
            except sqlite3.Error as error:
                self._close()
                raise ConfigError(f"the counter file {self._path} cannot be used: {error}") from error

    def _settle(self, run: Run) -> None:
        """Leap where this is not the file that was written last, and say in it that now it is."""
        run("BEGIN IMMEDIATE", {})
        ((home, writes),) = run("SELECT home, writes FROM lineage", {})
        judged = home is not None or not run("SELECT 1 FROM transmit LIMIT 1", {})  # one of an older program has no past
        if judged and self._lineage.is_broken(home, writes):
            log.warning("%s was restored from a backup, or lost: its counters go on %d further", self._path, RESTORED_GAP)
            _leap(run, RESTORED_GAP)
        ((writes,),) = run("SELECT writes FROM lineage", {})
        writes = max(writes, self._lineage.marked) + 1
        run("UPDATE lineage SET home = :home, writes = :writes", {"home": self._lineage.home, "writes": writes})
        run("COMMIT", {})
        self._lineage.mark(writes)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=8
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
            self._settle(lambda statement, parameters: connection.execute(statement, parameters).fetchall())
            self._connection = connection
        return self._connection


_STORES: WeakSet[SqliteCounterStore] = WeakSet()


def _after_fork() -> None:
    for store in _STORES:
        store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
