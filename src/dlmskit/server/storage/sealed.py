"""Secrets of a meter in its database, sealed under a secret of the device that is not in there (AES-256-GCM, a fresh nonce each).

One name is one row, written by one statement: after a kill it holds what was before or what came after. Name and owner are
authenticated with the content, so that no row can take another one's place. Against a database that is set back as a whole
this does not help.
"""

from __future__ import annotations

import hmac
from typing import Protocol

from dlmskit.association.ports import Random
from dlmskit.crypto.gcm import GcmKey, Mode
from dlmskit.crypto.random import draw
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import Secret
from dlmskit.server.storage.database import Database
from dlmskit.types.system_title import SystemTitle

SHORTEST_SECRET = 16
"""Octets of a device secret."""

_NONCE_OCTETS = 12
_WRITE = "INSERT INTO secret VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed"


class SecretStore(Protocol):
    """Keeps short secrets by name."""

    def read(self, name: str) -> bytes | None:
        """What was written last; None where nothing was."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Replace it, durably: wholly or not at all."""
        ...


class MemorySecrets:
    """A store that forgets with the process, as everything of a device without a database does."""

    def __init__(self) -> None:
        self._contents: dict[str, Secret] = {}

    def read(self, name: str) -> bytes | None:
        """See `SecretStore.read`."""
        content = self._contents.get(name)
        return None if content is None else content.reveal()

    def write(self, name: str, content: bytes) -> None:
        """See `SecretStore.write`."""
        self._contents[name] = Secret(content)


class NoSecrets:
    """A database without a device secret: nothing is kept, because it could only be kept in clear."""

    def read(self, name: str) -> bytes | None:
        """Nothing was ever written."""
        return None

    def write(self, name: str, content: bytes) -> None:
        """Raises `SecurityError` (key-store)."""
        del content
        raise SecurityError(SecurityReason.KEY_STORE, "keys are not kept in clear: give the device a secret to seal them with")


class SealedSecrets:
    """A store in the file of the meter. Raises ConfigError for a device secret that is too short."""

    def __init__(self, database: Database, secret: Secret, owner: SystemTitle, random: Random) -> None:
        octets = secret.reveal()
        if len(octets) < SHORTEST_SECRET:
            del octets
            raise ConfigError(f"the secret of the device has at least {SHORTEST_SECRET} octets")
        self._database = database
        self._key = GcmKey(hmac.digest(octets, b"dlmskit secrets of a device", "sha256"))
        self._owner = owner
        self._random = random

    def read(self, name: str) -> bytes | None:
        """See `SecretStore.read`. Raises `SecurityError` (key-store) for another device secret and for a changed row."""
        found = self._database.read("SELECT sealed FROM secret WHERE name = ?", (name,))
        if not found:
            return None
        sealed = bytes(found[0][0])
        nonce, protected = sealed[:_NONCE_OCTETS], sealed[_NONCE_OCTETS:]
        content = self._mode(nonce, name).unprotect(nonce[8:], protected)
        if content is None:
            raise SecurityError(
                SecurityReason.KEY_STORE, "the keys of this state do not open: another device secret, or the file was changed"
            )
        return content

    def write(self, name: str, content: bytes) -> None:
        """See `SecretStore.write`. Raises `StoreFailed`."""
        self._database.demand()
        nonce = draw(self._random, _NONCE_OCTETS)
        self._database.write(_WRITE, (name, nonce + self._mode(nonce, name).protect(nonce[8:], content)))
        self._database.demand()
        self._database.copy_soon()

    def _mode(self, nonce: bytes, name: str) -> Mode:
        return self._key.authenticated_encryption(nonce[:8], b"\x01" + self._owner.octets + name.encode())
