"""The ledger of key renewals: one at a time, a crash between two system calls loses nothing, both forms of key files."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from dlmskit.client import key_ledger
from dlmskit.client.key_file import read_key_file, write_key_file
from dlmskit.client.key_ledger import KeyFileLedger, KeyLedger, MemoryLedger
from dlmskit.client.security_setup import fresh_keys
from dlmskit.crypto.passphrase import PassphraseCost
from dlmskit.errors import ConfigError
from dlmskit.security.keys import KeySet
from dlmskit.security.keystore import seal
from dlmskit.security.vault import KeyVault, VaultEntry
from dlmskit.types.system_title import SystemTitle

TITLE = "4C41420000000001"
PASSPHRASE = b"a passphrase"
CHEAP = PassphraseCost(iterations=1, lanes=1, memory_kib=64)


def file_ledger(folder: Path, *, sealed: bool = False, keys: KeySet | None = None) -> KeyFileLedger:
    path = folder / "meter.keys"
    if not path.exists():
        others = {"default": VaultEntry(fresh_keys(0))}
        vault = KeyVault({TITLE: VaultEntry(keys or fresh_keys(0), SystemTitle(TITLE)), **others})
        write_key_file(path, seal(vault, PASSPHRASE, os.urandom, CHEAP) if sealed else key_ledger._plain(vault))
    return KeyFileLedger(path, TITLE, lambda: PASSPHRASE)


def memory_ledger(folder: Path) -> MemoryLedger:
    return MemoryLedger(fresh_keys(0))


def sealed_ledger(folder: Path) -> KeyFileLedger:
    return file_ledger(folder, sealed=True)


@pytest.mark.case("R-081")
@pytest.mark.parametrize("make", [memory_ledger, file_ledger, sealed_ledger])
def test_pending_keys_become_active_or_are_dropped_and_one_renewal_runs_at_a_time(tmp_path: Path, make: Any) -> None:
    ledger: KeyLedger = make(tmp_path)
    old, new = ledger.active(), fresh_keys(0)
    assert ledger.pending() is None
    ledger.put(new)
    assert (ledger.active(), ledger.pending()) == (old, new)
    with pytest.raises(ConfigError, match="not finished"):
        ledger.put(fresh_keys(0))
    assert ledger.pending() == new
    ledger.drop()
    assert (ledger.active(), ledger.pending()) == (old, None)
    ledger.put(new)
    ledger.confirm()
    assert (ledger.active(), ledger.pending()) == (new, None)
    ledger.confirm()  # nothing to confirm, nothing happens
    ledger.drop()
    assert ledger.active() == new


@pytest.mark.parametrize("sealed", [False, True])
def test_files_stay_of_their_form_and_for_their_owner_alone(tmp_path: Path, sealed: bool) -> None:
    ledger = file_ledger(tmp_path, sealed=sealed)
    others = read_key_file(tmp_path / "meter.keys", lambda: PASSPHRASE)["default"]
    new = fresh_keys(0)
    ledger.put(new)
    assert new.guek is not None
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (new.guek.reveal().hex() in path.read_text()) is (not sealed and path.suffix == ".pending")
    ledger.confirm()
    assert [path.name for path in tmp_path.iterdir()] == ["meter.keys"]
    vault = read_key_file(tmp_path / "meter.keys", lambda: PASSPHRASE)
    assert vault["default"].keys == others.keys
    assert vault.for_title(SystemTitle(TITLE)) == new


def test_an_entry_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file_ledger(tmp_path)
    with pytest.raises(ConfigError, match="no entry"):
        KeyFileLedger(tmp_path / "meter.keys", "another", lambda: PASSPHRASE)


class Crash(BaseException):
    """The process dies before a system call."""


@pytest.mark.case("R-080")
@pytest.mark.parametrize("act", ["put", "confirm", "drop"])
def test_a_crash_between_any_two_system_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    """Whatever was done: the active keys are the old or the new ones, and until they are confirmed the old ones are there."""
    for left in range(60):
        folder = tmp_path / str(left)
        folder.mkdir()
        ledger, new = file_ledger(folder), fresh_keys(0)
        old = ledger.active()
        if act != "put":
            ledger.put(new)
        with monkeypatch.context() as patch:
            _dying(patch, left)
            try:
                getattr(ledger, act)(*((new,) if act == "put" else ()))
                done = True
            except Crash:
                done = False
        again = file_ledger(folder)
        active, pending = again.active(), again.pending()
        assert active in (old, new)
        assert pending in (None, new)
        if active == old and act == "confirm":
            assert pending == new
        if active == new:
            assert pending is None
            assert act == "confirm"
        again.drop()
        again.put(fresh_keys(0))  # and the next renewal goes
        if done:
            assert left
            return
    pytest.fail("it never got through")


def _dying(patch: pytest.MonkeyPatch, left: int) -> None:
    """After ``left`` more system calls that open a file, change a folder or wait for the disk, the next one is not made."""
    count = iter(range(left))

    def mortal(call: Any) -> Any:
        def counted(*given: Any, **named: Any) -> Any:
            if next(count, None) is None:
                raise Crash
            return call(*given, **named)

        return counted

    patch.setattr(io, "open", mortal(io.open))  # also that of a file that would be written where it stands
    for name in ("link", "fsync", "open"):
        patch.setattr(os, name, mortal(getattr(os, name)))
    for name in ("replace", "unlink"):
        patch.setattr(Path, name, mortal(getattr(Path, name)))
