"""The secrets of a simulated meter, and the rule that keeps test keys out of real ones (robustness R-088).

Secrets in the description, and keys that are printed in books, need ``lab = true``. Otherwise keys come from a key file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dlmskit.apps.simulator.description import Description, clients_of
from dlmskit.apps.simulator.role_tables import Client
from dlmskit.client.key_file import read_key_file, read_secret_file
from dlmskit.crypto.certificates import Certificate
from dlmskit.errors import ConfigError, DlmsError, SecurityError
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.payment_tokens import token_key
from dlmskit.types.system_title import SystemTitle

_IN_A_LAB = "that is for a laboratory: write lab = true at the top of the file, or use keys_file"

_WITH_SECRET = frozenset(("hls-md5", "hls-sha1", "hls-sha256"))

_PUBLISHED = (bytes(range(16)), bytes(range(0xD0, 0xE0)))
"""The keys that the examples of the standard use."""


def meter_keys(description: Description, title: SystemTitle, folder: Path) -> KeySet:
    """The keys of the meter. Raises ConfigError where they may not be used, or cannot be read."""
    if description.keys is not None and description.keys_file is not None:
        raise ConfigError("both [keys] and keys_file; keep one of them")
    payment = description.prepayment
    secrets_here = (
        description.keys is not None
        or any(client.password is not None for client in clients_of(description))
        or (payment is not None and payment.token_key is not None)
    )
    if secrets_here and not description.lab:
        raise ConfigError(f"keys or passwords stand in the file: {_IN_A_LAB}")
    if description.keys is not None:
        try:
            table = description.keys
            keys = KeySet.from_hex(guek=table.guek, gak=table.gak, kek=table.kek)
            return keys if table.hls_secret is None else replace(keys, hls_secret=Secret.from_hex(table.hls_secret))
        except DlmsError as error:
            raise ConfigError(f"keys: {error}") from None
    if description.keys_file is None:
        return KeySet()
    keys = read_key_file(folder / description.keys_file).for_title(title)
    if not description.lab and any(is_published(key) for _, key in keys.named()):
        raise ConfigError(f"the key file holds a key that everybody knows: {_IN_A_LAB}")
    return keys


def device_secret(description: Description, folder: Path) -> Secret | None:
    """What the state is sealed under; None where there is none. Raises ConfigError."""
    said, path = None if description.keys is None else description.keys.device_secret, description.device_secret_file
    if said is not None and path is not None:
        raise ConfigError("both device_secret and device_secret_file; keep one of them")
    if said is not None:
        return Secret.from_hex(said)
    return None if path is None else Secret.from_hex(read_secret_file(folder / path, "the secret of the device"))


def payment_key(description: Description, folder: Path) -> Secret | None:
    """The key of the payment tokens; None where there is no prepayment. Raises ConfigError."""
    table = description.prepayment
    if table is None:
        return None
    if (table.token_key is None) == (table.token_key_file is None):
        raise ConfigError("prepayment needs token_key, or token_key_file; one of them")
    if table.token_key is not None:
        return token_key(table.token_key)
    return token_key(read_secret_file(folder / str(table.token_key_file), "the token key"))


def trust_anchors(description: Description, folder: Path) -> tuple[Certificate, ...]:
    """The authorities that the meter believes. Raises ConfigError."""
    found = []
    for name in description.trust_anchors:
        try:
            anchor = Certificate((folder / name).read_bytes())
        except OSError as error:
            raise ConfigError(f"the trust anchor {folder / name} cannot be read: {error.strerror}") from None
        except SecurityError as error:
            raise ConfigError(f"the trust anchor {folder / name} is no certificate in DER: {error}") from None
        if not anchor.is_ca:
            raise ConfigError(f"{folder / name} is not the certificate of an authority")
        found.append(anchor)
    return tuple(found)


def is_published(key: Secret) -> bool:
    """Whether a key is one of those that everybody has seen: printed in the standard, or one octet repeated."""
    repeated = (bytes((octet,)) * size for size in (16, 32) for octet in range(256))
    return any(key.matches(octets) for octets in (*_PUBLISHED, *repeated))


def client_keys(client: Client, keys: KeySet) -> KeySet:
    """What one client shares with the meter. Raises ConfigError where something is missing."""
    needs_keys = client.ciphered or client.mechanism == "hls-gmac"
    needs_secret = client.mechanism in _WITH_SECRET
    if needs_secret and keys.hls_secret is None:
        raise ConfigError(f"mechanism {client.mechanism} needs an hls_secret; add it to [keys] or to the key file")
    if needs_keys and (keys.guek is None or keys.gak is None):
        raise ConfigError("guek and gak are needed; add [keys] with lab = true, or keys_file")
    if client.mechanism == "lls" and client.password is None and keys.lls_password is None:
        raise ConfigError("mechanism lls needs a password; add it")
    password = keys.lls_password if client.password is None else Secret.from_text(client.password)
    return KeySet(
        guek=keys.guek if needs_keys else None,
        gak=keys.gak if needs_keys else None,
        kek=keys.kek if needs_keys else None,
        hls_secret=keys.hls_secret if needs_secret else None,
        lls_password=password if client.mechanism == "lls" else None,
    )
