"""Sealed secrets: nothing readable on the disk, nothing that opens under another secret, name or owner, old files still open."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import Secret
from dlmskit.server import Database
from dlmskit.server.storage import MemorySecrets, NoSecrets, SealedSecrets
from dlmskit.server.storage.schema import FORMAT
from dlmskit.types.system_title import SystemTitle
from tests.server.keyed import DEVICE_SECRET, Owner, fresh_keys, kek, meter, opens
from tests.server.peers import METER

CONTENT = b"a key and everything that belongs to it"


def test_what_was_written_is_read_and_not_in_clear(tmp_path: Path) -> None:
    database = Database(tmp_path / "meter.sqlite")
    store = SealedSecrets(database, DEVICE_SECRET, METER, os.urandom)
    assert store.read("one") is None
    store.write("one", CONTENT)
    first = database.read("SELECT sealed FROM secret")
    store.write("one", CONTENT)
    assert database.read("SELECT sealed FROM secret") != first  # a nonce of its own each time
    store.write("other", CONTENT[:5])
    database.close()
    assert CONTENT[:5] not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    store = SealedSecrets(Database(tmp_path / "meter.sqlite"), DEVICE_SECRET, METER, os.urandom)
    assert (store.read("one"), store.read("other")) == (CONTENT, CONTENT[:5])
    store._database.close()


def test_every_changed_octet_another_name_owner_or_secret_does_not_open(tmp_path: Path) -> None:
    database = Database(tmp_path / "meter.sqlite")
    store = SealedSecrets(database, DEVICE_SECRET, METER, os.urandom)
    store.write("one", CONTENT)
    sealed = bytes(database.read("SELECT sealed FROM secret")[0][0])

    def refused(one: SealedSecrets, name: str = "one") -> bool:
        with pytest.raises(SecurityError) as error:
            one.read(name)
        return error.value.reason is SecurityReason.KEY_STORE

    for place in range(len(sealed)):
        changed = sealed[:place] + bytes((sealed[place] ^ 1,)) + sealed[place + 1 :]
        database.write("UPDATE secret SET sealed = ?", (changed,))
        assert refused(store)
    for short in (b"", sealed[:11], sealed[:12], sealed[:-1]):
        database.write("UPDATE secret SET sealed = ?", (short,))
        assert refused(store)
    database.write("UPDATE secret SET sealed = ?", (sealed,))
    database.write("INSERT INTO secret VALUES (?, ?)", ("two", sealed))
    assert refused(store, "two")
    assert refused(SealedSecrets(database, Secret(bytes(32)), METER, os.urandom))
    assert refused(SealedSecrets(database, DEVICE_SECRET, SystemTitle(bytes(range(8))), os.urandom))
    assert store.read("one") == CONTENT
    database.close()


def test_a_short_device_secret_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "meter.sqlite")
    with pytest.raises(ConfigError, match="at least 16 octets"):
        SealedSecrets(database, Secret(b"too short"), METER, os.urandom)
    database.close()


def test_stores_that_keep_nothing() -> None:
    memory = MemorySecrets()
    memory.write("one", CONTENT)
    assert (memory.read("one"), memory.read("two")) == (CONTENT, None)
    assert NoSecrets().read("one") is None
    with pytest.raises(SecurityError, match="in clear") as error:
        NoSecrets().write("one", CONTENT)
    assert CONTENT.decode() not in str(error.value)


@pytest.mark.case("R-089")
def test_without_a_device_secret_no_key_is_changed(tmp_path: Path) -> None:
    from dlmskit.security.keys import KeyRole

    keys = fresh_keys()
    device = meter(keys, Database(tmp_path / "meter.sqlite"), secret=None)
    owner = Owner(device, keys).open()
    assert owner.transfer({KeyRole.GUEK: bytes(range(16))}, kek(keys)) != 0
    owner.lose()
    assert opens(device, keys)
    assert "key-store" in [entry.reason for entry in device.log]
    device.close()


def test_another_device_secret_stops_the_meter_at_the_start(tmp_path: Path) -> None:
    from dlmskit.security.keys import KeyRole

    keys = fresh_keys()
    device = meter(keys, Database(tmp_path / "meter.sqlite"))
    assert Owner(device, keys).open().transfer({KeyRole.GUEK: bytes(range(16))}, kek(keys)) == 0
    device.close()
    database = Database(tmp_path / "meter.sqlite")
    with pytest.raises(SecurityError, match="another device secret"):
        meter(keys, database, secret=Secret(bytes(32)))
    database.close()


def test_a_file_of_the_format_before_gets_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "meter.sqlite"
    database = Database(path)
    database.set_note("old", "value")
    database.write("INSERT INTO transmit VALUES ('named otherwise', 700)")
    database.close()
    with sqlite3.connect(path) as connection:
        for table in ("secret", "lineage", "image", "image_block"):  # what came later
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    path.with_name("meter.sqlite.sum").unlink()
    database = Database(path)
    assert database.note("old") == "value"
    assert (database.lowest, database.restored) == (700, False)
    assert database.read("SELECT * FROM secret") == []
    assert database.read("PRAGMA user_version") == [(FORMAT,)]
    database.close()
