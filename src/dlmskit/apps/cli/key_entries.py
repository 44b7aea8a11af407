"""What the commands on key files share: options, one entry of a file, writing sealed files, and what may be said of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.markup import escape

from dlmskit.apps.cli.keyfile import new_passphrase, open_key_file, open_token_named
from dlmskit.apps.cli.output import console, print_json
from dlmskit.client.key_file import write_key_file
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import Key, KeyRole
from dlmskit.security.keystore import seal, seal_in_token
from dlmskit.security.vault import DEFAULT_ENTRY, KeyVault, VaultEntry
from dlmskit.types.system_title import SystemTitle

File = Annotated[str, typer.Argument(help="The key file.")]
Entry = Annotated[
    str | None, typer.Option(help="Entry of the file, by name or system title; without it the default, or the only one.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object; no key in it unless --reveal is said.")]
Reveal = Annotated[
    bool, typer.Option("--reveal", help="Print secrets in clear. Mind who reads the screen, the log and the history.")
]
InToken = Annotated[
    str | None,
    typer.Option(help="Label of a PKCS#11 token to seal with, in place of a passphrase; DLMSKIT_PKCS11 names its library."),
]
Into = Annotated[str | None, typer.Option(help="Write a new sealed file: the entry with this key in its place.")]
SEALING_LABEL = "dlmskit key files"
"""The key in a token that key files are sealed with."""


class MeterKey(StrEnum):
    """The keys that a meter keeps."""

    GUEK = KeyRole.GUEK.value
    GAK = KeyRole.GAK.value
    GBEK = KeyRole.GBEK.value
    KEK = KeyRole.KEK.value

    @property
    def role(self) -> KeyRole:
        """As the library knows it."""
        return KeyRole(self.value)


def entry_named(vault: KeyVault, name: str | None) -> tuple[str, VaultEntry]:
    """One entry with its name. Raises ConfigError, which lists what there is."""
    if name is None:
        name = DEFAULT_ENTRY if DEFAULT_ENTRY in vault else next(iter(vault), None) if len(vault) == 1 else None
    else:
        titled = [known for known, entry in vault.items() if str(entry.system_title or known) == name.upper()]
        name = name if name in vault else titled[0] if titled else None
    if name is None:
        there = ", ".join(list(vault)[:8]) or "none"
        raise ConfigError(f"which entry of the key file? Say --entry NAME; there are: {there}")
    return name, vault[name]


def open_entry(file: str, name: str | None) -> tuple[str, VaultEntry]:
    """One entry of a key file. Raises ConfigError, SecurityError."""
    return entry_named(open_key_file(file), name)


def key_of(entry: VaultEntry, wanted: MeterKey) -> Key:
    """A key of an entry. Raises SecurityError (missing-key)."""
    key = getattr(entry.keys, wanted.value)
    if not isinstance(key, Key):
        there = ", ".join(name for name, _ in entry.keys.named()) or "none"
        raise SecurityError(SecurityReason.MISSING_KEY, f"the entry has no {wanted.value}; it has {there}")
    return key


def title_of(name: str, entry: VaultEntry) -> SystemTitle:
    """The system title of an entry, which may be its name. Raises ConfigError."""
    if entry.system_title is not None:
        return entry.system_title
    try:
        return SystemTitle(name)
    except ConfigError:
        raise ConfigError(
            f"the entry {name!r} has no system_title: make it with --system-title, or write it into the file"
        ) from None


def write_sealed(path: str, vault: KeyVault, token: str | None = None) -> None:
    """Seal under a passphrase that is asked for, or under the key of a token, which is made there at its first use.

    Raises ConfigError, SecurityError; an existing file is never replaced.
    """
    if token is None:
        write_key_file(path, seal(vault, new_passphrase(), secrets.token_bytes))
        return
    place = open_token_named(token)
    try:
        key = place.stored_wrapping_key(SEALING_LABEL)
    except SecurityError as error:
        if error.reason is not SecurityReason.MISSING_KEY:
            raise
        key = place.generate_wrapping_key(label=SEALING_LABEL)
    write_key_file(path, seal_in_token(vault, key, token, SEALING_LABEL, secrets.token_bytes))


def report_written(path: str, vault: KeyVault, *, as_json: bool) -> None:
    """Say what was written, not what is in it."""
    if as_json:
        print_json({"file": path, "entries": [entry_json(name, entry) for name, entry in vault.items()]})
    else:
        console.print(f"[green]sealed[/] {len(vault)} {'entry' if len(vault) == 1 else 'entries'} in {escape(path)}")


def entry_json(name: str, entry: VaultEntry) -> dict[str, Any]:
    """An entry as JSON, without any secret."""
    return {
        "entry": name,
        "system_title": None if entry.system_title is None else str(entry.system_title),
        "fingerprints": {role: key.fingerprint for role, key in entry.keys.named()},
        "key_pairs": [
            {
                "purpose": purpose,
                "curve": public.curve.name,
                "private": private is not None,
                "public_key": public.octets.hex().upper(),
            }
            for purpose, public, private in entry.pairs.named()
        ],
        "secrets": list(secret_names(entry)),
    }


def secret_names(entry: VaultEntry) -> Sequence[str]:
    """The names of passwords and HLS secrets that are there."""
    return [name for name in ("lls_password", "hls_secret") if getattr(entry.keys, name) is not None]
