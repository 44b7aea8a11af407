"""The table form of a vault, in which files hold it: entry name, field, text.

Both forms of a key file (`keystore`) hold the same tables. An unknown word in them is an error: a misspelt ``guek`` must not
be a meter without a key. Errors name the entry and the field, never the value. A key that a token holds is named by its label.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from dlmskit.crypto.certificates import Certificate, Role
from dlmskit.errors import ConfigError, SecurityError
from dlmskit.security.held_keys import HOLDABLE, HeldKey, StoredKeys
from dlmskit.security.key_pairs import PAIR_FIELDS, PRIVATE_FIELDS, KeyPairs, pair_from_hex
from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
from dlmskit.security.vault import KeyVault, VaultEntry, title_or_none
from dlmskit.types.system_title import SystemTitle

Tokens = Callable[[str], StoredKeys]
"""Opens the token with a label. Raises `ConfigError`, `SecurityError` (key-store)."""

_KEYS = {role.value: role for role in (KeyRole.GUEK, KeyRole.GAK, KeyRole.GBEK, KeyRole.KEK)}
_SECRETS = ("lls_password", "hls_secret")
_LABEL = "_label"
_HELD_KEYS = {f"{role.value}{_LABEL}": role for role in HOLDABLE}
_HELD_PAIRS = tuple(f"{field}{_LABEL}" for field in PRIVATE_FIELDS)
_NEVER_HELD = {
    f"{KeyRole.GAK.value}{_LABEL}": "AES-GCM takes the authentication key as additional data in clear, so no token can hold it",
    **{f"{name}{_LABEL}": "its mechanism hashes or sends the secret itself, so no token can hold it" for name in _SECRETS},
}
_CERTIFICATES = {"signing_certificate": Role.SIGNATURE, "agreement_certificate": Role.KEY_AGREEMENT}
_ANCHORS = "trust_anchors"
_FIELDS = frozenset(
    (
        *_KEYS, *_SECRETS, *(f"{name}_hex" for name in _SECRETS), *PAIR_FIELDS, *_HELD_KEYS, *_HELD_PAIRS, *_CERTIFICATES,
        _ANCHORS, "system_title", "token",
    )
)  # fmt: skip


def no_tokens(label: str) -> StoredKeys:
    """Where tokens are not looked for. Raises `ConfigError`."""
    raise ConfigError(f"keys are in the token {label!r}, and tokens are not used here")


def vault_from_tables(tables: object, tokens: Tokens = no_tokens) -> KeyVault:
    """A vault from tables of text. Raises `ConfigError`, which shows no value; and what ``tokens`` raises."""
    if not isinstance(tables, Mapping):
        raise ConfigError("keys: a table of entries is expected")
    return KeyVault({str(name): _entry(str(name), table, tokens) for name, table in tables.items()})


def tables_from_vault(vault: KeyVault) -> dict[str, dict[str, str]]:
    """The tables of a vault, in clear: what is sealed, and nothing else."""
    return {name: _table(entry) for name, entry in vault.items()}


def _table(entry: VaultEntry) -> dict[str, str]:
    table = {}
    for role, key in entry.keys.named():
        if isinstance(key, HeldKey):
            table[f"{role}{_LABEL}"] = key.label or ""
        else:
            table[role] = key.reveal().hex()
    if entry.system_title is not None:
        table["system_title"] = str(entry.system_title)
    for field in _SECRETS:
        secret = getattr(entry.keys, field)
        if secret is not None:
            table[f"{field}_hex"] = secret.reveal().hex()
    if entry.token is not None:
        table["token"] = entry.token
    for field in _CERTIFICATES:
        certificate = getattr(entry, field)
        if certificate is not None:
            table[field] = _text(certificate)
    if entry.trust_anchors:
        table[_ANCHORS] = " ".join(_text(anchor) for anchor in entry.trust_anchors)
    return table | entry.pairs.table()


def _entry(name: str, table: Any, tokens: Tokens) -> VaultEntry:
    _check_fields(name, table)
    values: dict[str, Any] = {field: _value(name, field, text) for field, text in table.items()}
    title, token = values.pop("system_title", None), values.pop("token", None)
    held = {field: values.pop(field) for field in (*_HELD_KEYS, *_HELD_PAIRS) if field in values}
    pairs = {field: values.pop(field) for field in PAIR_FIELDS if field in values}
    around = {field: values.pop(field) for field in (*_CERTIFICATES, _ANCHORS) if field in values}
    keys = {field.removesuffix("_hex"): value for field, value in values.items()}
    try:
        if held:
            keys, pairs = _with_held(keys, pairs, held, tokens(token or ""))
        for field, certificate in around.items():
            if field != _ANCHORS:
                _pin(pairs, field, certificate, title or title_or_none(name))
        return VaultEntry(KeySet(**keys), title, KeyPairs(**pairs), token=token, **around)
    except ConfigError as error:
        raise ConfigError(f"keys: {name!r}: {error}") from None


def _check_fields(name: str, table: Any) -> None:
    if not isinstance(table, Mapping):
        raise ConfigError(f"keys: the entry {name!r} is not a table")
    for field, value in table.items():
        if field in _NEVER_HELD:
            raise ConfigError(f"keys: {name!r}, field {field}: {_NEVER_HELD[field]}; seal the key file with a key of the token")
        if field not in _FIELDS:
            raise ConfigError(f"keys: {name!r} has an unknown field {str(field)[:40]!r}; known are {', '.join(sorted(_FIELDS))}")
        if not isinstance(value, str):
            raise ConfigError(f"keys: {name!r}, field {field}: text in quotation marks is expected")
    twice = [(field, f"{field}_hex") for field in _SECRETS] + [
        (label.removesuffix(_LABEL), label) for label in (*_HELD_KEYS, *_HELD_PAIRS)
    ]
    for one, other in twice:
        if one in table and other in table:
            raise ConfigError(f"keys: {name!r} has {one} and {other}; keep one of them")


def _with_held(
    keys: dict[str, Any], pairs: dict[str, Any], held: dict[str, str], place: StoredKeys
) -> tuple[dict[str, Any], dict[str, Any]]:
    keys, pairs = dict(keys), dict(pairs)
    for field, label in held.items():
        if field in _HELD_KEYS:
            keys[field.removesuffix(_LABEL)] = HeldKey.stored(place, label, _HELD_KEYS[field])
        else:
            find = place.stored_signing_key if field.startswith("signing") else place.stored_agreement_key
            pairs[field.removesuffix(_LABEL)] = find(label)
    return keys, pairs


def _pin(pairs: dict[str, Any], field: str, certificate: Certificate, title: SystemTitle | None) -> None:
    """The public key of a certificate is a party's like one that stands alone; `KeyPairs` compares it with a private key."""
    if certificate.role is not _CERTIFICATES[field]:
        raise ConfigError(f"{field} is a certificate for {certificate.role or 'something else'}, not for {_CERTIFICATES[field]}")
    if title is not None and certificate.system_title != title:
        raise ConfigError(f"{field} is of {certificate.system_title}, not of {title}")
    public = field.replace("certificate", "public_key")
    if pairs.setdefault(public, certificate.public_key) != certificate.public_key:
        raise ConfigError(f"{field} and {public} are of two keys")


def _value(name: str, field: str, text: str) -> Any:
    if field == "system_title":
        title = title_or_none(text)
        if title is None:  # without the text: it may be a key in the wrong place
            raise ConfigError(f"keys: {name!r}, field {field}: 16 hexadecimal digits are expected")
        return title
    try:
        if field in _KEYS:
            return Key.from_hex(text, _KEYS[field])
        if field in PAIR_FIELDS:
            return pair_from_hex(field, text)
        if field in _CERTIFICATES:
            return _certificate(text)
        if field == _ANCHORS:
            return tuple(_anchor(one) for one in text.split())
        if field == "token" or field.endswith(_LABEL):
            return text
        return Secret.from_hex(text) if field.endswith("_hex") else Secret.from_text(text)
    except (ConfigError, SecurityError) as error:
        raise ConfigError(f"keys: {name!r}, field {field}: {error}") from None


def _anchor(text: str) -> Certificate:
    anchor = _certificate(text)
    if not anchor.is_ca:
        raise ConfigError("not the certificate of an authority")
    return anchor


def _certificate(text: str) -> Certificate:
    try:
        return Certificate(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        raise ConfigError("a certificate is given as its DER octets in base64") from None


def _text(certificate: Certificate) -> str:
    return base64.b64encode(certificate.octets).decode()
