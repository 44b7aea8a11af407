"""Where a client writes down what it is about to do to the keys of a meter, so that no crash leaves it without the right ones.

Before new keys are sent they are put down as pending; only a fresh association under them makes them the active ones (robustness
R-080). One renewal at a time: pending keys are created exclusively, so of two operators one is refused (R-081).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from dlmskit.client.key_file import passphrase_from_environment, read_key_file, write_key_file
from dlmskit.client.tokens import token_named
from dlmskit.errors import ConfigError
from dlmskit.security.keys import KeySet
from dlmskit.security.keystore import sealed_like
from dlmskit.security.vault import KeyVault, VaultEntry
from dlmskit.security.vault_tables import Tokens, tables_from_vault


class KeyLedger(Protocol):
    """Active and pending keys of one meter. Every method is durable when it returns."""

    def active(self) -> KeySet:
        """The keys that are known to open the meter."""
        ...

    def pending(self) -> KeySet | None:
        """The keys of a renewal that is not finished; None without one."""
        ...

    def put(self, keys: KeySet) -> None:
        """Begin a renewal. Raises ConfigError where one is not finished."""
        ...

    def confirm(self) -> None:
        """The pending keys open the meter: they are the active ones, and those before are gone."""
        ...

    def drop(self) -> None:
        """The meter did not take the pending keys: they are gone."""
        ...


class MemoryLedger:
    """A ledger that dies with the process: for whoever keeps both key sets himself."""

    def __init__(self, active: KeySet) -> None:
        self._active = active
        self._pending: KeySet | None = None

    def active(self) -> KeySet:
        """See `KeyLedger.active`."""
        return self._active

    def pending(self) -> KeySet | None:
        """See `KeyLedger.pending`."""
        return self._pending

    def put(self, keys: KeySet) -> None:
        """See `KeyLedger.put`."""
        if self._pending is not None:
            raise _not_finished()
        self._pending = keys

    def confirm(self) -> None:
        """See `KeyLedger.confirm`."""
        if self._pending is not None:
            self._active, self._pending = self._pending, None

    def drop(self) -> None:
        """See `KeyLedger.drop`."""
        self._pending = None


class KeyFileLedger:
    """A key file, and beside it ``NAME.pending`` as long as a renewal is under way; both sealed, or both plain.

    The file is replaced as a whole (its comments, if it is a plain one, are lost). Raises ConfigError where the entry is not
    in it, and what `read_key_file` raises. Keys in a token are replaced by new ones in the file; sealed stays as it was sealed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        entry: str,
        passphrase: Callable[[], bytes] = passphrase_from_environment,
        tokens: Tokens = token_named,
    ) -> None:
        self._path = Path(path)
        self._pending_path = self._path.with_name(f"{self._path.name}.pending")
        self._entry = entry
        self._passphrase = passphrase
        self._tokens = tokens
        self.active()

    def active(self) -> KeySet:
        """See `KeyLedger.active`."""
        return self._found(self._read(self._path)).keys

    def pending(self) -> KeySet | None:
        """See `KeyLedger.pending`. Keys that were confirmed already, by a process that died then, are cleared away."""
        if not self._pending_path.exists():
            return None
        keys = self._found(self._read(self._pending_path)).keys
        if keys == self.active():
            self.drop()
            return None
        return keys

    def put(self, keys: KeySet) -> None:
        """See `KeyLedger.put`."""
        written = self._written(
            KeyVault({self._entry: replace(self._found(self._read(self._path)), keys=keys)}), self._pending_path
        )
        try:
            os.link(written, self._pending_path)  # never replaces what is there
        except FileExistsError:
            raise _not_finished() from None
        except OSError as error:
            raise ConfigError(f"the pending keys cannot be written beside {self._path}: {error.strerror}") from None
        finally:
            written.unlink()
        _sync_folder(self._path)

    def confirm(self) -> None:
        """See `KeyLedger.confirm`."""
        keys = self.pending()
        if keys is None:
            return
        vault = self._read(self._path)
        entry = replace(self._found(vault), keys=keys)
        written = self._written(KeyVault({**vault, self._entry: entry}), self._path)
        written.replace(self._path)
        _sync_folder(self._path)
        self.drop()

    def drop(self) -> None:
        """See `KeyLedger.drop`."""
        with suppress(FileNotFoundError):
            self._pending_path.unlink()
        _sync_folder(self._path)

    def _read(self, path: Path) -> KeyVault:
        return read_key_file(path, self._passphrase, self._tokens)

    def _found(self, vault: KeyVault) -> VaultEntry:
        if self._entry not in vault:
            raise ConfigError(f"{self._path} has no entry {self._entry!r}")
        return vault[self._entry]

    def _written(self, vault: KeyVault, path: Path) -> Path:
        """A new file in the same folder, on the disk."""
        present = self._path.read_bytes()
        sealed = present.lstrip()[:1] == b"{"
        octets = sealed_like(present, vault, self._passphrase, secrets.token_bytes, self._tokens) if sealed else _plain(vault)
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        write_key_file(made, octets)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        return made


def _plain(vault: KeyVault) -> bytes:
    lines = ['storage = "plain"']
    for name, table in tables_from_vault(vault).items():
        lines += ["", f'[keys."{name}"]', *(f"{field} = {json.dumps(value)}" for field, value in table.items())]
    return ("\n".join(lines) + "\n").encode()


def _sync_folder(path: Path) -> None:
    if os.name != "posix":
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _not_finished() -> ConfigError:
    return ConfigError("a renewal of these keys is not finished: recover it first")
