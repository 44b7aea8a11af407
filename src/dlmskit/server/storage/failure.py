"""What a meter does when its file cannot be written: it goes on with a copy of it in RAM, until the file works again.

So everything that can wait does: values, rows, notes. What must be on the disk before it is relied on (counters, the changes
of clients) does not go on, and says so with `StoreFailed`.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress

from dlmskit.errors import ConfigError
from dlmskit.server.storage.schema import SCHEMAS

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
"""How long to wait before the file is tried again, in s: twice as long each time."""

_CODES = frozenset(
    (
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    )
)
_PRIMARY = 0xFF


class StoreFailed(ConfigError):
    """The file of a meter cannot be written now, and what was asked must be on the disk first: nothing of it holds."""


def is_of_the_store(error: sqlite3.Error) -> bool:
    """Whether it is the disk or the file that fails, and not a statement that is wrong."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in _CODES


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether what is in the file is no database any more."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def copy_in_ram(file: sqlite3.Connection) -> tuple[sqlite3.Connection, bool]:
    """What the file held last, and whether that is all of it: of a file that is not even read, what still can be."""
    ram = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with suppress(sqlite3.Error):
        file.backup(ram)
        if ram.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
            return ram, True
    ram.close()
    return _what_is_left(file), False


def _what_is_left(file: sqlite3.Connection) -> sqlite3.Connection:
    ram = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for schema in SCHEMAS:
        ram.executescript(schema)
    for (table,) in ram.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        with suppress(sqlite3.Error):
            for row in file.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name out of our own schema
                ram.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    return ram
