"""Keys for a command: from options, or from a key file (sealed with a passphrase, or plain where the file says so)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import typer

from dlmskit.client.key_file import PASSPHRASE, passphrase_from_environment, read_key_file
from dlmskit.client.tokens import PIN, pin_from_environment, token_named
from dlmskit.errors import ConfigError
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.vault import DEFAULT_ENTRY, KeyVault
from dlmskit.types.system_title import SystemTitle

if TYPE_CHECKING:
    from dlmskit.client.pkcs11.provider import TokenProvider


def key_set(
    *,
    guek: str | None = None,
    gak: str | None = None,
    gbek: str | None = None,
    file: str | KeyVault | None = None,
    titles: Sequence[SystemTitle] = (),
) -> KeySet:
    """The keys given as hex, and for the rest those of the file: the entry with one of the titles, the default, or the only one.

    Raises ConfigError where hex or file cannot be used, SecurityError for keys of a wrong length or a wrong passphrase.
    """
    given = KeySet.from_hex(guek=guek, gak=gak, gbek=gbek)
    if file is None:
        return given
    kept = _entry(file if isinstance(file, KeyVault) else open_key_file(file), titles)
    return KeySet(**{field.name: getattr(given, field.name) or getattr(kept, field.name) for field in fields(KeySet)})


def open_key_file(path: str | os.PathLike[str]) -> KeyVault:
    """The keys in a file; the passphrase of a sealed one from the environment, else asked for."""
    return read_key_file(path, passphrase, open_token_named)


def open_token_named(label: str) -> TokenProvider:
    """The token with this label; its PIN from ``DLMSKIT_PIN``, else asked for where somebody can answer."""
    return token_named(label, _pin)


def _pin(label: str) -> Secret:
    if PIN in os.environ or not sys.stdin.isatty():
        return pin_from_environment(label)
    return Secret.from_text(str(typer.prompt(f"PIN of the token {label}", hide_input=True, err=True)))


def passphrase() -> bytes:
    """The passphrase of a sealed key file: ``DLMSKIT_PASSPHRASE``, else asked for where somebody can answer."""
    if PASSPHRASE in os.environ or not sys.stdin.isatty():
        return passphrase_from_environment()
    return str(typer.prompt("Passphrase of the key file", hide_input=True, err=True)).encode()


def new_passphrase() -> bytes:
    """A passphrase for a file to come: ``DLMSKIT_PASSPHRASE``, else asked for twice. An empty one is refused."""
    if PASSPHRASE in os.environ or not sys.stdin.isatty():
        chosen = passphrase_from_environment()
    else:
        chosen = str(typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)).encode()
    if not chosen:
        raise ConfigError("an empty passphrase seals nothing")
    return chosen


def _entry(vault: KeyVault, titles: Sequence[SystemTitle]) -> KeySet:
    known = {str(entry.system_title or name): entry.keys for name, entry in vault.items()}
    for title in titles:
        if str(title) in known:
            return known[str(title)]
    if DEFAULT_ENTRY in vault:
        return vault[DEFAULT_ENTRY].keys
    if len(vault) == 1:
        return next(iter(vault.values())).keys
    raise ConfigError(f"the key file has {len(vault)} entries and none for this meter: give its --system-title")
