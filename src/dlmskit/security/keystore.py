"""Key files: sealed with a passphrase (Argon2id) or a key in a token (JSON, AES-256-GCM), or in clear where they say so (TOML).

Octets in, octets out: reading and writing the file, with rights for its owner alone, asking for the passphrase and opening the
token are done elsewhere. A wrong passphrase and a changed file look alike; nothing of the content is believed before the tag
verified. What a file says of its token is a label: which library is loaded for it, no file ever says.
"""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from dlmskit.crypto.gcm import GcmKey, Mode
from dlmskit.crypto.passphrase import PassphraseCost, derive_key
from dlmskit.crypto.provider import WrappingKey
from dlmskit.crypto.random import Random, draw
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.vault import KeyVault
from dlmskit.security.vault_tables import Tokens, no_tokens, tables_from_vault, vault_from_tables

MOST_OCTETS = 1 << 26
"""Largest key file that is read: some 200 000 meters."""

_VERSION = 1
_SALT_OCTETS = 16
_NONCE_OCTETS = 12
_CONTENT_KEY_OCTETS = 32
_FORMAT = "dlmskit-key-file"


def seal(vault: KeyVault, passphrase: bytes, random: Random, cost: PassphraseCost = PassphraseCost()) -> bytes:  # noqa: B008
    """The key file of a vault, sealed; salt and nonce are drawn anew every time, so no two files share a key."""
    salt = draw(random, _SALT_OCTETS)
    lock = {"kdf": {"name": "argon2id", "salt": salt.hex(), **asdict(cost)}}
    return _sealed(vault, derive_key(passphrase, salt, cost), lock, random)


def seal_in_token(vault: KeyVault, key: WrappingKey, token: str, label: str, random: Random) -> bytes:
    """The same under a fresh key, which only a master key in a token can unwrap: that of `label` in the token called `token`.

    Raises what the token raises.
    """
    content_key = draw(random, _CONTENT_KEY_OCTETS)
    lock = {"token": {"label": token, "key": label, "wrapped": key.wrap_octets(content_key).hex()}}
    return _sealed(vault, content_key, lock, random)


def sealed_like(
    octets: bytes, vault: KeyVault, passphrase: Callable[[], bytes], random: Random, tokens: Tokens = no_tokens
) -> bytes:
    """A new file of a vault, sealed as the one in ``octets`` is: by its token, else by the passphrase. Raises as `unseal`."""
    _, lock, _, _ = _parts(octets)
    if isinstance(lock, _TokenLock):
        return seal_in_token(vault, tokens(lock.token).stored_wrapping_key(lock.key), lock.token, lock.key, random)
    return seal(vault, passphrase(), random)


def unseal(octets: bytes, passphrase: bytes | Callable[[], bytes], tokens: Tokens = no_tokens) -> KeyVault:
    """Open a sealed key file. ``passphrase`` may be a function: it is called once the file is seen to be sealed with one.

    Raises `ConfigError` for what is no key file of this version; `SecurityError` (key-store) for a wrong passphrase or
    a changed file, without saying which; and what ``tokens`` and the token raise.
    """
    header, lock, nonce, sealed = _parts(octets)
    if isinstance(lock, _TokenLock):
        key = tokens(lock.token).stored_wrapping_key(lock.key).unwrap_octets(lock.wrapped)
    else:
        key = derive_key(passphrase if isinstance(passphrase, bytes) else passphrase(), lock.salt, lock.cost)
    content = _mode(key, nonce, header).unprotect(nonce[8:], sealed)
    if content is None:
        what = "wrong passphrase" if isinstance(lock, _PassphraseLock) else "another key in the token"
        raise SecurityError(SecurityReason.KEY_STORE, f"the key file does not open: {what}, or the file was changed")
    return vault_from_tables(json.loads(content), tokens)


def parse_plain(text: str, tokens: Tokens = no_tokens) -> KeyVault:
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
    return vault_from_tables(document.get("keys", {}), tokens)


def read_vault(octets: bytes, passphrase: bytes | Callable[[], bytes], tokens: Tokens = no_tokens) -> KeyVault:
    """Read a key file of any form. Raises as `unseal` and `parse_plain`."""
    if octets.lstrip()[:1] == b"{":
        return unseal(octets, passphrase, tokens)
    if len(octets) > MOST_OCTETS:
        raise ConfigError(f"keys: the key file is larger than {MOST_OCTETS} octets")
    return parse_plain(octets.decode(errors="replace"), tokens)


@dataclass(frozen=True, slots=True)
class _PassphraseLock:
    salt: bytes
    cost: PassphraseCost


@dataclass(frozen=True, slots=True)
class _TokenLock:
    token: str
    key: str
    wrapped: bytes


def _sealed(vault: KeyVault, key: bytes, lock: dict[str, Any], random: Random) -> bytes:
    nonce = draw(random, _NONCE_OCTETS)
    cipher = {"name": "aes-256-gcm", "nonce": nonce.hex()}
    header: dict[str, Any] = {"format": _FORMAT, "version": _VERSION, **lock, "cipher": cipher}
    content = json.dumps(tables_from_vault(vault)).encode()
    sealed = _mode(key, nonce, header).protect(nonce[8:], content)
    return json.dumps(header | {"sealed": base64.b64encode(sealed).decode()}, indent=1).encode() + b"\n"


def _mode(key: bytes, nonce: bytes, header: dict[str, Any]) -> Mode:
    """The header is authenticated with the content, so that nobody can make the derivation cheaper or dearer."""
    aad = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    return GcmKey(key).authenticated_encryption(nonce[:8], aad)


def _parts(octets: bytes) -> tuple[dict[str, Any], _PassphraseLock | _TokenLock, bytes, bytes]:
    """Header, what it is locked with, nonce, sealed content."""
    header = _json_object(octets) if len(octets) <= MOST_OCTETS else {}
    if header.get("format") != _FORMAT:
        raise ConfigError("keys: this is not a key file of dlmskit")
    if header.get("version") != _VERSION:
        raise ConfigError(f"keys: a key file of version {str(header.get('version'))[:20]}; this program reads version {_VERSION}")
    try:
        cipher, lock = header["cipher"], _token_lock(header["token"]) if "token" in header else _passphrase_lock(header["kdf"])
        nonce = bytes.fromhex(cipher["nonce"])
        if cipher["name"] != "aes-256-gcm" or len(nonce) != _NONCE_OCTETS:
            raise ValueError
        return header, lock, nonce, base64.b64decode(header.pop("sealed"), validate=True)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ConfigError("keys: the key file is damaged: a field is missing or unreadable") from None


def _passphrase_lock(table: Any) -> _PassphraseLock:
    kdf = dict(table)
    salt = bytes.fromhex(kdf.pop("salt"))
    if kdf.pop("name") != "argon2id" or len(salt) != _SALT_OCTETS or not all(type(number) is int for number in kdf.values()):
        raise ValueError
    return _PassphraseLock(salt, PassphraseCost(**kdf))


def _token_lock(table: Any) -> _TokenLock:
    token, key, wrapped = table["label"], table["key"], bytes.fromhex(table["wrapped"])
    if type(token) is not str or type(key) is not str or len(wrapped) != _CONTENT_KEY_OCTETS + 8:
        raise ValueError
    return _TokenLock(token, key, wrapped)


def _json_object(octets: bytes) -> dict[str, Any]:
    try:
        found = json.loads(octets)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
