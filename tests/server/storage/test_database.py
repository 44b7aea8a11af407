"""The file of a meter: one owner, one meter, transactions that are there or not."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from dlmskit.errors import ConfigError
from dlmskit.server import Database


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "meter.sqlite"
    database = Database(path)
    script = f"from dlmskit.server import Database\nDatabase({str(path)!r})"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert "another process uses it: stop that one, or choose another folder" in other.stderr
    database.close()
    subprocess.run([sys.executable, "-c", script], check=True)


def test_one_meter_for_one_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "meter.sqlite")
    database.claim("system title", "4C41420000000001", "take another folder")
    database.claim("system title", "4C41420000000001", "take another folder")
    with pytest.raises(ConfigError, match="4C41420000000001, not 4C41420000000002: take another folder"):
        database.claim("system title", "4C41420000000002", "take another folder")
    database.close()


def test_files_that_are_none_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be kept in"):
        Database(tmp_path / "missing" / "meter.sqlite")
    garbage = tmp_path / "garbage.sqlite"
    garbage.write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigError, match="cannot be used"):
        Database(garbage)
    newer = tmp_path / "newer.sqlite"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigError, match="format 99"):
        Database(newer)


def test_a_transaction_ends_once_on_the_outside(tmp_path: Path) -> None:
    path = tmp_path / "meter.sqlite"
    database = Database(path)
    with database.transaction():
        database.set_note("one", "1")
        with database.transaction():
            database.set_note("two", "2")
        assert database._connection.in_transaction
    assert not database._connection.in_transaction
    # The objects have changed in memory before an error comes, so the file follows them.
    with pytest.raises(RuntimeError), database.transaction():
        database.set_note("three", "3")
        raise RuntimeError
    database.close()
    database = Database(path)
    assert [database.note(name) for name in ("one", "two", "three", "four")] == ["1", "2", "3", None]
    database.close()


def test_it_is_durable(tmp_path: Path) -> None:
    database = Database(tmp_path / "meter.sqlite")
    assert database.read("PRAGMA synchronous") == [(2,)]
    assert database.read("PRAGMA journal_mode") == [("wal",)]
    database.close()
