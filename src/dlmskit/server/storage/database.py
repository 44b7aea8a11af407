"""The SQLite file of one meter: opened by one process at a time, written in transactions that are on the disk when they end.

WAL with synchronous=FULL: after a kill or a loss of power the file holds every transaction that ended, and nothing of one
that did not. What is in the tables is the business of the files beside this one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from dlmskit.errors import ConfigError
from dlmskit.lineage import Lineage
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import RESTORED_GAP

FORMAT = 4
"""Version of the tables, kept in the file; a file of an older one gets what is new when it is opened."""

_FORMAT_1 = """
CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE transmit (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE receive (name TEXT PRIMARY KEY, lowest INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE value (
    sap INTEGER, class_id INTEGER, logical_name BLOB, attribute INTEGER, octets BLOB NOT NULL,
    PRIMARY KEY (sap, class_id, logical_name, attribute)
) WITHOUT ROWID;
CREATE TABLE row (
    sap INTEGER, logical_name BLOB, number INTEGER, local_seconds INTEGER, octets BLOB NOT NULL,
    PRIMARY KEY (sap, logical_name, number)
) WITHOUT ROWID;
CREATE INDEX row_by_time ON row (sap, logical_name, local_seconds, number);
"""
_FORMAT_2 = """
CREATE TABLE secret (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
"""
_FORMAT_3 = """
CREATE TABLE lineage (one INTEGER PRIMARY KEY, home TEXT, writes INTEGER NOT NULL, lowest INTEGER NOT NULL);
INSERT INTO lineage SELECT 1, NULL, 0, coalesce(max(number), 0) FROM
    (SELECT max(next) AS number FROM transmit UNION SELECT max(lowest) FROM receive);
"""
"""Where format 2 has counters, they are named otherwise: new names begin above all of them."""
_FORMAT_4 = """
CREATE TABLE image (
    sap INTEGER, logical_name BLOB, identifier BLOB NOT NULL, size INTEGER NOT NULL, block_size INTEGER NOT NULL,
    PRIMARY KEY (sap, logical_name)
) WITHOUT ROWID;
CREATE TABLE image_block (
    sap INTEGER, logical_name BLOB, number INTEGER, octets BLOB NOT NULL, PRIMARY KEY (sap, logical_name, number)
);
"""
_SCHEMAS = (_FORMAT_1, _FORMAT_2, _FORMAT_3, _FORMAT_4)
"""What each format adds to the one before."""

_LEAP = (
    "UPDATE transmit SET next = min(next + :gap, :end)",
    # Who sends transaction ids is not told which to go on with, as senders under a key are: so theirs stay.
    "UPDATE receive SET lowest = min(lowest + :gap, :end) WHERE name NOT LIKE 'transaction:%'",
    "UPDATE lineage SET lowest = min(lowest + :gap, :end)",
)
_IN_MEMORY = ":memory:"


class Database:
    """One file, one connection, one thread.

    Raises `ConfigError` where the file cannot be opened, read or written, or another process has it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._depth = 0
        self._counted = False
        self._lineage = Lineage(self.path)
        self.lowest = 0
        """Below this no counter begins: it would be numbers that were used after a backup was made."""
        self.restored = False
        """Whether this is a copy of the file that was written last: its counters have leapt."""
        self._transaction = _Transaction(self)
        try:
            self._connection = sqlite3.connect(self.path, timeout=1.0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise ConfigError(f"the state of the meter cannot be kept in {self.path}: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            busy = "locked" in str(error)
            detail = "another process uses it: stop that one, or choose another folder" if busy else error
            raise ConfigError(f"the state of the meter in {self.path} cannot be used: {detail}") from error
        except ConfigError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA secure_delete = ON")  # what was replaced is overwritten: old secrets, sealed as they are
        run("BEGIN EXCLUSIVE")  # takes the lock of the file now, and not at the first write
        found = run("PRAGMA user_version").fetchone()[0]
        for schema in _SCHEMAS[found:]:
            for statement in schema.split(";"):
                run(statement)
        if found < FORMAT:
            run(f"PRAGMA user_version = {FORMAT}")
        run("COMMIT")
        if found > FORMAT:
            raise ConfigError(f"{self.path} has format {found}, this program reads format {FORMAT}")
        if str(self.path) != _IN_MEMORY:
            self._settle()

    def _settle(self) -> None:
        """Leap with all counters where this is not the file that was written last, and say in it that now it is."""
        ((home, writes),) = self.read("SELECT home, writes FROM lineage")
        used = bool(self.read("SELECT 1 FROM transmit UNION SELECT 1 FROM receive LIMIT 1"))
        self.restored = (home is not None or not used) and self._lineage.is_broken(home, writes)
        with self.transaction():
            if self.restored:
                gap = {"gap": RESTORED_GAP, "end": COUNTER_MAX + 1}
                for statement in _LEAP:
                    self.write(statement, gap)
            writes = max(writes, self._lineage.marked) + 1
            self.write("UPDATE lineage SET home = ?, writes = ?", (self._lineage.home, writes))
        ((self.lowest,),) = self.read("SELECT lowest FROM lineage")
        self._lineage.mark(writes)

    def counted(self) -> None:
        """A counter was written: once that is on the disk, it is marked beside the file too."""
        if str(self.path) == _IN_MEMORY:
            return
        self.write("UPDATE lineage SET writes = writes + 1")
        if self._connection.in_transaction:
            self._counted = True
        else:
            self._mark()

    def _mark(self) -> None:
        self._counted = False
        self._lineage.mark(int(self.read("SELECT writes FROM lineage")[0][0]))

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is one change: on the disk when the outermost block ends, in whatever way it ends.

        What an object has changed in memory cannot be taken back, so an exception does not roll back: the file follows
        the memory. Only a kill leaves nothing of the block.
        """
        return self._transaction

    def write(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Run a statement that changes something; outside of a transaction it is one of its own."""
        self._begin()
        self._run(statement, parameters)

    def write_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each of ``rows``, as one change."""
        with self.transaction():
            self._begin()
            try:
                self._connection.executemany(statement, rows)
            except sqlite3.Error as error:
                raise self._failed(error) from error

    def read(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._run(statement, parameters).fetchall()

    def note(self, name: str) -> str | None:
        """A short text kept under a name; None where there is none."""
        found = self.read("SELECT value FROM note WHERE name = ?", (name,))
        return str(found[0][0]) if found else None

    def set_note(self, name: str, value: str) -> None:
        """Keep a short text."""
        self.write("INSERT INTO note VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value))

    def claim(self, name: str, value: str, remedy: str) -> None:
        """Note whose file this is, at its first use; ConfigError with ``remedy`` where it is somebody else's."""
        owner = self.note(name)
        if owner is None:
            self.set_note(name, value)
        elif owner != value:
            raise ConfigError(f"{self.path} is the state of the meter with {name} {owner}, not {value}: {remedy}")

    def enter(self) -> None:
        """A block of a transaction begins."""
        self._depth += 1

    def leave(self) -> None:
        """A block of a transaction ends."""
        self._depth -= 1
        if not self._depth and self._connection.in_transaction:
            self._run("COMMIT")
            if self._counted:
                self._mark()

    def _begin(self) -> None:
        if self._depth and not self._connection.in_transaction:
            self._run("BEGIN IMMEDIATE")

    def _run(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, parameters)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> ConfigError:
        return ConfigError(f"the state of the meter in {self.path} cannot be read or written: {error}")

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


class _Transaction(AbstractContextManager[None]):
    """What `Database.transaction` gives: one object for all blocks, since there is one around every request."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.enter()

    def __exit__(self, *_: object) -> None:
        self._database.leave()
