"""``dlmskit keys new``: fresh keys of one security suite, in a sealed file."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from dlmskit.apps.cli.key_entries import InToken, Json, report_written, write_sealed
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.software import SoftwareProvider
from dlmskit.crypto.suites import SecuritySuite, suite_of
from dlmskit.security.key_pairs import KeyPairs
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.vault import DEFAULT_ENTRY, KeyVault, VaultEntry
from dlmskit.types.system_title import SystemTitle

_ROLES = (KeyRole.GUEK, KeyRole.GAK, KeyRole.GBEK, KeyRole.KEK)


def run(
    file: Annotated[str, typer.Argument(help="The file to write; an existing one is never replaced.")],
    suite: Annotated[int, typer.Option(min=0, max=2, help="Security suite; 1 and 2 have key pairs as well.")] = 0,
    entry: Annotated[str, typer.Option(help="Name of the entry.")] = DEFAULT_ENTRY,
    system_title: Annotated[str | None, typer.Option(help="System title of the party that the keys are of, hex.")] = None,
    token: InToken = None,
    json: Json = False,
) -> int:
    """Draw every key of a security suite and seal them with a passphrase (Argon2id, AES-256-GCM), or with a key in a token.

    Example: dlmskit keys new --suite 1 meter.keys --system-title 4D4D4D0000BC614E
    """
    title = None if system_title is None else SystemTitle(system_title)
    vault = KeyVault({entry: fresh_entry(suite_of(suite), title)})
    write_sealed(file, vault, token)
    report_written(file, vault, as_json=json)
    return 0


def fresh_entry(suite: SecuritySuite, title: SystemTitle | None) -> VaultEntry:
    """Every key that the suite has; the system's randomness behind all of them."""
    keys = KeySet(**{role.value: Key(secrets.token_bytes(suite.key_octets), role) for role in _ROLES})
    if suite.curve is None:
        return VaultEntry(keys, title)
    provider, curve = SoftwareProvider(secrets.token_bytes), curve_of(suite)
    pairs = KeyPairs(signing_key=provider.generate_signing_key(curve), agreement_key=provider.generate_agreement_key(curve))
    return VaultEntry(keys, title, pairs)
