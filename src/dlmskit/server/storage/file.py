"""Opening and closing the file of a meter: its lock, its tables, whether it is sound, and the copy for when it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from dlmskit.errors import ConfigError
from dlmskit.lineage import Lineage
from dlmskit.server.storage.failure import is_corrupt
from dlmskit.server.storage.schema import FORMAT, SCHEMAS
from dlmskit.server.storage.soundness import Digest, GoodCopy

IN_MEMORY = ":memory:"
COPY_EVERY = 86_400.0
"""In s, while the meter runs."""
_FIRST_WITH_LINEAGE = 3
_OCTETS_OF_A_PAGE_IN_MEMORY = 512
"""As few as SQLite allows: each table takes a page, and a fleet has thousands of meters."""


def _bring_up(connection: sqlite3.Connection, found: int) -> None:
    """Add the tables that formats after ``found`` have."""
    for schema in SCHEMAS[found:]:
        for statement in schema.split(";"):
            connection.execute(statement)
    if found < FORMAT:
        connection.execute(f"PRAGMA user_version = {FORMAT}")


@lru_cache(maxsize=1)
def _empty() -> bytes:
    """The file of a new meter that keeps nothing: to copy it is four times as fast as to make its tables."""
    connection = sqlite3.connect(IN_MEMORY, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {_OCTETS_OF_A_PAGE_IN_MEMORY}")
    _bring_up(connection, 0)
    octets = connection.serialize()
    connection.close()
    return octets


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(IN_MEMORY, isolation_level=None, check_same_thread=False)
    connection.deserialize(_empty())
    return connection


class MeterFile:
    """One open file.

    Raises `ConfigError` where it cannot be opened, another process has it, or it is corrupt and there is no good copy.
    """

    def __init__(self, path: Path, lineage: Lineage, seconds: Callable[[], float]) -> None:
        self.path = path
        self.on_disk = str(path) != IN_MEMORY
        self.set_aside: Path | None = None
        """The file that was here and is corrupt, where the last good copy is used."""
        self._lineage = lineage
        self._seconds = seconds
        self._digest = Digest(path)
        self._copy = GoodCopy(path)
        try:
            self.connection = self._connect()
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise self._unusable(error) from error
            self.connection = self._replaced(error)
        self._copied_at = seconds() if self._copy.exists else seconds() - COPY_EVERY
        self._changes = self.connection.total_changes

    # --- Opening ---

    def _connect(self) -> sqlite3.Connection:
        if not self.on_disk:
            return _in_memory()
        matches = self._digest.matches()
        connection = sqlite3.connect(self.path, timeout=1.0, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection, matches)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, matches: bool | None) -> None:
        run = connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA secure_delete = ON")  # what was replaced is overwritten: old secrets, sealed as they are
        run("BEGIN EXCLUSIVE")  # takes the lock of the file now, and not at the first write
        found = run("PRAGMA user_version").fetchone()[0]
        if not matches:
            self._examine(connection, found, known=matches is not None)
        self._forget_digest()
        _bring_up(connection, found)
        run("COMMIT")
        if found > FORMAT:
            raise ConfigError(f"{self.path} has format {found}, this program reads format {FORMAT}")

    def _examine(self, connection: sqlite3.Connection, found: int, *, known: bool) -> None:
        """Raises sqlite3.DatabaseError (corrupt) for a torn file, and for one that is ``known`` to have been left otherwise.

        An older file that somebody has put here is whole, and not as this one was left: what follows, the lineage says.
        """
        ((verdict,), *_) = connection.execute("PRAGMA quick_check(1)").fetchall()
        if verdict == "ok" and known:
            verdict = "it is not as it was left"
            if _FIRST_WITH_LINEAGE <= found <= FORMAT:
                (writes,) = connection.execute("SELECT writes FROM lineage").fetchone()
                verdict = "ok" if writes < self._lineage.marked else verdict
        if verdict != "ok":
            error = sqlite3.DatabaseError(verdict)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

    def _forget_digest(self) -> None:
        try:
            self._digest.forget()
        except OSError as error:
            raise self._unusable(error) from error

    def _replaced(self, error: sqlite3.Error) -> sqlite3.Connection:
        """Go on from the last good copy."""
        try:
            self.set_aside = self._copy.take()
        except OSError as failed:
            raise self._unusable(failed) from error
        if self.set_aside is None:
            raise self._unusable(f"{error}, and there is no good copy beside it") from error
        try:
            return self._connect()
        except sqlite3.Error as again:
            raise self._unusable(again) from again

    def _unusable(self, error: object) -> ConfigError:
        if "unable to open" in str(error):
            return ConfigError(f"the state of the meter cannot be kept in {self.path}: {error}")
        busy = "locked" in str(error)
        detail = "another process uses it: stop that one, or choose another folder" if busy else error
        return ConfigError(f"the state of the meter in {self.path} cannot be used: {detail}")

    # --- The copy ---

    def copy_soon(self) -> None:
        """With the next commit a copy is made: what was changed must not come back with an old one."""
        self._copied_at = self._seconds() - COPY_EVERY

    def committed(self) -> None:
        """A transaction has ended: make a copy where it is time for one."""
        if self.on_disk and self._seconds() - self._copied_at >= COPY_EVERY:
            self._keep_copy()

    def _keep_copy(self) -> None:
        """The meter works without a copy: that none could be made is no failure."""
        self._copied_at, self._changes = self._seconds(), self.connection.total_changes
        with suppress(OSError, sqlite3.Error):
            self._copy.keep(self.connection)

    # --- Closing ---

    def close(self, *, works: bool) -> None:
        """Make the copy that is used where this file is found corrupt, give the file back, and note how it was left."""
        if not self.on_disk or not works:
            self.connection.close()
            return
        if self.connection.total_changes != self._changes:
            self._keep_copy()
        self.connection.close()
        if not self.path.with_name(f"{self.path.name}-wal").exists():
            with suppress(OSError):
                self._digest.keep()
