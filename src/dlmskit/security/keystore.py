"""Key files: sealed with a passphrase (JSON, Argon2id, AES-256-GCM), or in clear where the file says so (TOML).

Octets in, octets out: reading and writing the file, with rights for its owner alone, and asking for the passphrase are done
elsewhere. A wrong passphrase and a changed file look alike; nothing of the content is believed before the tag verified.
"""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from dlmskit.crypto.gcm import GcmKey, Mode
from dlmskit.crypto.passphrase import PassphraseCost, derive_key
from dlmskit.crypto.random import Random, draw
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.vault import KeyVault, tables_from_vault, vault_from_tables

MOST_OCTETS = 1 << 26
"""Largest key file that is read: some 200 000 meters."""

_VERSION = 1
_SALT_OCTETS = 16
_NONCE_OCTETS = 12
_FORMAT = "dlmskit-key-file"


def seal(vault: KeyVault, passphrase: bytes, random: Random, cost: PassphraseCost = PassphraseCost()) -> bytes:  # noqa: B008
    """The key file of a vault, sealed; salt and nonce are drawn anew every time, so no two files share a key."""
    salt, nonce = draw(random, _SALT_OCTETS), draw(random, _NONCE_OCTETS)
    header: dict[str, Any] = {
        "format": _FORMAT,
        "version": _VERSION,
        "kdf": {"name": "argon2id", "salt": salt.hex(), **asdict(cost)},
        "cipher": {"name": "aes-256-gcm", "nonce": nonce.hex()},
    }
    content = json.dumps(tables_from_vault(vault)).encode()
    sealed = _mode(passphrase, salt, cost, nonce, header).protect(nonce[8:], content)
    return json.dumps(header | {"sealed": base64.b64encode(sealed).decode()}, indent=1).encode() + b"\n"


def unseal(octets: bytes, passphrase: bytes | Callable[[], bytes]) -> KeyVault:
    """Open a sealed key file. ``passphrase`` may be a function: it is called once the file is seen to be one of ours.

    Raises `ConfigError` for what is no key file of this version; `SecurityError` (key-store) for a wrong passphrase or
    a changed file, without saying which.
    """
    header, salt, nonce, cost, sealed = _parts(octets)
    mode = _mode(passphrase if isinstance(passphrase, bytes) else passphrase(), salt, cost, nonce, header)
    content = mode.unprotect(nonce[8:], sealed)
    if content is None:
        raise SecurityError(SecurityReason.KEY_STORE, "the key file does not open: wrong passphrase, or the file was changed")
    return vault_from_tables(json.loads(content))


def parse_plain(text: str) -> KeyVault:
    """Read the TOML form, whose first word must be ``storage = "plain"``: keys in clear are a decision, not an accident.

    Raises `ConfigError` with the place, never with a value.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"keys: not TOML: {error}") from None
    if document.get("storage") != "plain":
        raise ConfigError('keys: keys in clear need storage = "plain" at the top of the file; or seal them with a passphrase')
    if unknown := sorted(document.keys() - {"storage", "keys"}):
        raise ConfigError(f"keys: unknown at the top of the file: {', '.join(unknown)[:80]}; entries are [keys.NAME]")
    return vault_from_tables(document.get("keys", {}))


def read_vault(octets: bytes, passphrase: bytes | Callable[[], bytes]) -> KeyVault:
    """Read a key file of either form. Raises as `unseal` and `parse_plain`."""
    if octets.lstrip()[:1] == b"{":
        return unseal(octets, passphrase)
    if len(octets) > MOST_OCTETS:
        raise ConfigError(f"keys: the key file is larger than {MOST_OCTETS} octets")
    return parse_plain(octets.decode(errors="replace"))


def _mode(passphrase: bytes, salt: bytes, cost: PassphraseCost, nonce: bytes, header: dict[str, Any]) -> Mode:
    """The header is authenticated with the content, so that nobody can make the derivation cheaper or dearer."""
    aad = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    return GcmKey(derive_key(passphrase, salt, cost)).authenticated_encryption(nonce[:8], aad)


def _parts(octets: bytes) -> tuple[dict[str, Any], bytes, bytes, PassphraseCost, bytes]:
    header = _json_object(octets) if len(octets) <= MOST_OCTETS else {}
    if header.get("format") != _FORMAT:
        raise ConfigError("keys: this is not a key file of dlmskit")
    if header.get("version") != _VERSION:
        raise ConfigError(f"keys: a key file of version {str(header.get('version'))[:20]}; this program reads version {_VERSION}")
    try:
        kdf, cipher = dict(header["kdf"]), header["cipher"]
        if kdf.pop("name") != "argon2id" or cipher["name"] != "aes-256-gcm":
            raise ValueError
        salt, nonce = bytes.fromhex(kdf.pop("salt")), bytes.fromhex(cipher["nonce"])
        if len(salt) != _SALT_OCTETS or len(nonce) != _NONCE_OCTETS or not all(type(number) is int for number in kdf.values()):
            raise ValueError
        return header, salt, nonce, PassphraseCost(**kdf), base64.b64decode(header.pop("sealed"), validate=True)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ConfigError("keys: the key file is damaged: a field is missing or unreadable") from None


def _json_object(octets: bytes) -> dict[str, Any]:
    try:
        found = json.loads(octets)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
