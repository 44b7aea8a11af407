"""Key files on disk: who may read them, where the passphrase comes from, and that errors show nothing of them."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from dlmskit.client.key_file import PASSPHRASE, read_key_file, write_key_file
from dlmskit.crypto.passphrase import PassphraseCost
from dlmskit.errors import ConfigError, SecurityError
from dlmskit.security.keystore import seal
from dlmskit.security.vault_tables import vault_from_tables
from tests.client.small_meter import GAK, GUEK, KEYS

PLAIN = f'storage = "plain"\n[keys.default]\nguek = "{GUEK}"\ngak = "{GAK}"\n'
CHEAP = PassphraseCost(1, 1, 8)


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "meter.keys"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_plain_file_that_says_so(tmp_path: Path) -> None:
    assert read_key_file(written(tmp_path, PLAIN))["default"].keys.guek == KEYS.guek


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_others_must_not_be_able_to_open_it(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="others may open it: chmod 600"):
        read_key_file(written(tmp_path, PLAIN, mode))


def test_a_plain_file_that_does_not_say_so(tmp_path: Path) -> None:
    file = written(tmp_path, PLAIN.partition("\n")[2])
    with pytest.raises(ConfigError, match='need storage = "plain"') as raised:
        read_key_file(file)
    assert str(file) in str(raised.value)
    assert GUEK not in str(raised.value)


def test_a_sealed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = vault_from_tables({"default": {"guek": GUEK, "gak": GAK}})
    file = tmp_path / "sealed.keys"
    write_key_file(file, seal(vault, b"pass", secrets.token_bytes, CHEAP))
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.delenv(PASSPHRASE, raising=False)
    with pytest.raises(ConfigError, match=f"environment variable {PASSPHRASE}"):
        read_key_file(file)
    monkeypatch.setenv(PASSPHRASE, "pass")
    assert read_key_file(file)["default"].keys.gak == KEYS.gak
    file.chmod(0o644)  # sealed: reading it helps nobody
    assert len(read_key_file(file)) == 1
    monkeypatch.setenv(PASSPHRASE, "other")
    with pytest.raises(SecurityError, match="wrong passphrase"):
        read_key_file(file)
    with pytest.raises(ConfigError, match="cannot be written: File exists"):
        write_key_file(file, b"")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_key_file(tmp_path / "nothing.keys")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_key_file(tmp_path)
