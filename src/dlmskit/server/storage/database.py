"""The SQLite file of one meter: opened by one process at a time, written in transactions that are on the disk when they end.

WAL with synchronous=FULL: after a kill or a loss of power the file holds every transaction that ended, and nothing of one
that did not. What is in the tables is the business of the files beside this one. Where the file cannot be written the meter goes
on in RAM (`failure`), and where it is not as it was left it goes on from the last good copy (`soundness`).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from dlmskit.errors import ConfigError
from dlmskit.lineage import Lineage
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import RESTORED_GAP
from dlmskit.server.storage.failure import FIRST_RETRY, LONGEST_RETRY, StoreFailed, copy_in_ram, is_of_the_store
from dlmskit.server.storage.file import MeterFile
from dlmskit.server.storage.schema import LEAP

_Parameters = Sequence[Any] | Mapping[str, Any]


class Database:
    """One file, one connection, one thread. ``seconds`` is a clock that only goes forward.

    Raises `ConfigError` where the file cannot be opened, another process has it, or it is corrupt and there is no good copy.
    """

    def __init__(self, path: str | Path, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.path = Path(path)
        self._seconds = seconds
        self._depth = 0
        self._counted = self._promised = self._broken = False
        self._turn: list[tuple[str, _Parameters]] = []
        """What was written since the last commit: to be written again, in RAM, where that fails."""
        self.lowest = 0
        """Below this no counter begins: it would be numbers that were used after a backup was made."""
        self.restored = False
        """Whether this is a copy of the file that was written last: its counters have leapt."""
        self.failure = ""
        """Why the file cannot be written, while it cannot."""
        self.on_failure: list[Callable[[], None]] = []
        """Told that what was not committed is not on the disk, before anything else is done in RAM."""
        self._retry_at = self._retry_after = 0.0
        self._whole = True
        self._transaction = _Transaction(self)
        self._lineage = Lineage(self.path)
        self._file = MeterFile(self.path, self._lineage, seconds)
        self._connection = self._file.connection
        self.on_disk = self._file.on_disk
        if self.on_disk:
            try:
                self._settle()
            except ConfigError:
                self._file.close(works=False)
                raise

    @property
    def set_aside(self) -> Path | None:
        """The file that was here and is corrupt, where the last good copy is used."""
        return self._file.set_aside

    def _settle(self) -> None:
        """Leap with all counters where this is not the file that was written last, and say in it that now it is."""
        ((home, writes),) = self.read("SELECT home, writes FROM lineage")
        used = bool(self.read("SELECT 1 FROM transmit UNION SELECT 1 FROM receive LIMIT 1"))
        broken = (home is not None or not used) and self._lineage.is_broken(home, writes)
        self.restored = broken or self.set_aside is not None
        with self.transaction():
            self._promised = True
            if self.restored:
                gap = {"gap": RESTORED_GAP, "end": COUNTER_MAX + 1}
                for statement in LEAP:
                    self.write(statement, gap)
            writes = max(writes, self._lineage.marked) + 1
            self.write("UPDATE lineage SET home = ?, writes = ?", (self._lineage.home, writes))
        ((self.lowest,),) = self.read("SELECT lowest FROM lineage")
        self._lineage.mark(writes)

    # --- What must be on the disk ---

    def demand(self) -> None:
        """Raises `StoreFailed` where the file cannot be written now: nothing may rely on what would only be in RAM."""
        if self.failure and not self._recovered():
            raise self._failed(self.failure)

    def promise(self) -> None:
        """A client is about to change something: show that the disk takes it, once for each transaction.

        Raises `StoreFailed`, and nothing has changed. Where it fails all the same before the transaction ends, that raises it.
        """
        if not self.on_disk or self._promised:
            return
        self.demand()
        with self.transaction():
            self.write("UPDATE lineage SET writes = writes + 1")
            self._commit()
            self.demand()
        self._promised = self._depth > 0

    def counted(self) -> None:
        """A counter was written: once that is on the disk, it is marked beside the file too. Raises `StoreFailed`."""
        if not self.on_disk:
            return
        self.write("UPDATE lineage SET writes = writes + 1")
        if self.failure:
            raise self._failed(self.failure)
        if self._connection.in_transaction:
            self._counted = True
        else:
            self._mark()

    def _mark(self) -> None:
        self._counted = False
        writes = int(self.read("SELECT writes FROM lineage")[0][0])
        try:
            self._lineage.mark(writes)
        except ConfigError as error:
            raise self._failed(error) from error

    # --- Statements ---

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is one change: on the disk when the outermost block ends, in whatever way it ends.

        What an object has changed in memory cannot be taken back, so an exception does not roll back: the file follows
        the memory. Only a kill leaves nothing of the block. Its end raises `StoreFailed` where counters or the change of a
        client did not get on the disk: no answer may leave.
        """
        return self._transaction

    def write(self, statement: str, parameters: _Parameters = ()) -> None:
        """Run a statement that changes something; outside of a transaction it is one of its own."""
        try:
            self._begin()
            self._run(statement, parameters)
        except sqlite3.Error as error:
            self._go_on_in_ram(error)
            self._run_in_ram(statement, parameters)
        if self._connection.in_transaction:
            self._turn.append((statement, parameters))

    def write_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each of ``rows``, as one change."""
        with self.transaction():
            for row in rows:
                self.write(statement, row)

    def read(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. What cannot be read any more is not found."""
        try:
            return self._run(statement, parameters).fetchall()
        except sqlite3.Error as error:
            self._go_on_in_ram(error)
            return self._run_in_ram(statement, parameters).fetchall()

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
        if self._depth:
            return
        self._commit()
        self._promised, broken, self._broken = False, self._broken, False
        if broken:
            raise self._failed(self.failure)
        if self.failure:
            self._recovered()

    def _begin(self) -> None:
        if self._depth and not self.failure and not self._connection.in_transaction:
            self._run("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        if not self._connection.in_transaction:
            return
        try:
            self._run("COMMIT")
        except sqlite3.Error as error:
            self._go_on_in_ram(error)
            return
        self._turn.clear()
        if self._counted:
            self._mark()
        self._file.committed()

    def _run(self, statement: str, parameters: _Parameters = ()) -> sqlite3.Cursor:
        return self._connection.execute(statement, parameters)

    def _run_in_ram(self, statement: str, parameters: _Parameters) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, parameters)
        except sqlite3.Error as error:
            raise self._wrong(error) from error

    def _wrong(self, error: sqlite3.Error) -> ConfigError:
        return ConfigError(f"the state of the meter in {self.path} cannot be read or written: {error}")

    def _failed(self, error: object) -> StoreFailed:
        return StoreFailed(f"the state of the meter in {self.path} cannot be written: {error}")

    # --- Failing, and working again ---

    def _go_on_in_ram(self, error: sqlite3.Error) -> None:
        """The file is as before the transaction; its copy in RAM gets what was written since. Raises ConfigError for a bug."""
        if self.failure or not self.on_disk or not is_of_the_store(error):
            raise self._wrong(error) from error
        with suppress(sqlite3.Error):
            self._file.connection.rollback()
        self._connection, self._whole = copy_in_ram(self._file.connection)
        self.failure = str(error)
        self._broken = self._counted or self._promised
        self._counted = False
        self._retry_after = FIRST_RETRY
        self._retry_at = self._seconds() + FIRST_RETRY
        for listener in self.on_failure:
            listener()
        for statement, parameters in self._turn:
            self._run_in_ram(statement, parameters)
        self._turn.clear()

    def _recovered(self) -> bool:
        """Write what is in RAM to the file, if it is time to try that and it works."""
        if not self._whole or self._seconds() < self._retry_at:
            return False
        file = self._file.connection
        try:
            file.execute("BEGIN IMMEDIATE")
            file.execute("UPDATE lineage SET writes = writes + 1")
            file.execute("COMMIT")
            self._connection.backup(file)
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                file.rollback()
            self._retry_after = min(2 * self._retry_after, LONGEST_RETRY)
            self._retry_at = self._seconds() + self._retry_after
            return False
        self._connection.close()
        self._connection = file
        self.failure = ""
        return True

    def copy_soon(self) -> None:
        """With the next commit a copy is made: what was changed must not come back with an old one."""
        self._file.copy_soon()

    def close(self) -> None:
        """Give the file back. What is in RAM alone is written first, where that works now."""
        if self.failure:
            self._retry_at = self._seconds()
            self._recovered()
        if self.failure:
            self._connection.close()
        self._file.close(works=not self.failure)


class _Transaction(AbstractContextManager[None]):
    """What `Database.transaction` gives: one object for all blocks, since there is one around every request."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.enter()

    def __exit__(self, *_: object) -> None:
        self._database.leave()
