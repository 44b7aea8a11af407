"""``dlmskit keys``: make, look at and seal key files."""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from dlmskit.apps.cli.keyfile import new_passphrase, open_key_file
from dlmskit.apps.cli.output import console, print_json
from dlmskit.client.key_file import write_key_file
from dlmskit.errors import ConfigError
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.keystore import seal
from dlmskit.security.vault import DEFAULT_ENTRY, KeyVault, VaultEntry
from dlmskit.types.system_title import SystemTitle


class Action(StrEnum):
    """What to do with a key file."""

    NEW = "new"
    SHOW = "show"
    SEAL = "seal"


def run(
    action: Annotated[
        Action, typer.Argument(help="new: fresh keys, sealed. show: what is in a file. seal: a plain file, sealed.")
    ],
    file: Annotated[str, typer.Argument(help="The key file; for seal the plain one.")],
    sealed: Annotated[str | None, typer.Argument(help="For seal: the file to write. Delete the plain one yourself.")] = None,
    entry: Annotated[str, typer.Option(help="For new: the name of the entry.")] = DEFAULT_ENTRY,
    system_title: Annotated[str | None, typer.Option(help="For new: the meter's system title, hex.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object; never a key.")] = False,
) -> int:
    """Make, look at and seal key files. Keys themselves are never shown: fingerprints tell whether two are the same.

    The passphrase is asked for, or taken from the environment variable DLMSKIT_PASSPHRASE.

    Example: dlmskit keys seal plain.keys meter.keys
    """
    if action is Action.SHOW:
        vault = open_key_file(file)
        print_json({"entries": _json(vault)}) if json else console.print(_table(vault))
        return 0
    target = sealed if action is Action.SEAL else file
    if target is None:
        raise ConfigError("say where to write the sealed file: dlmskit keys seal PLAIN SEALED")
    vault = open_key_file(file) if action is Action.SEAL else _fresh(entry, system_title)
    write_key_file(target, seal(vault, new_passphrase(), secrets.token_bytes))
    if json:
        print_json({"file": target, "entries": _json(vault)})
    else:
        console.print(f"[green]sealed[/] {len(vault)} {'entry' if len(vault) == 1 else 'entries'} in {escape(target)}")
    return 0


def _fresh(name: str, title: str | None) -> KeyVault:
    """One entry with every key of suite 0, drawn from the system's randomness."""
    roles = (KeyRole.GUEK, KeyRole.GAK, KeyRole.GBEK, KeyRole.KEK)
    drawn = KeySet(**{role.value: Key(secrets.token_bytes(16), role) for role in roles})
    return KeyVault({name: VaultEntry(drawn, None if title is None else SystemTitle(title))})


def _json(vault: KeyVault) -> list[dict[str, object]]:
    return [
        {
            "entry": name,
            "system_title": None if entry.system_title is None else str(entry.system_title),
            "fingerprints": {role: key.fingerprint for role, key in entry.keys.named()},
            "secrets": _secrets(entry.keys),
        }
        for name, entry in vault.items()
    ]


def _secrets(keys: KeySet) -> list[str]:
    return [name for name in ("lls_password", "hls_secret") if getattr(keys, name) is not None]


def _table(vault: KeyVault) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("entry", "system title", "keys, by fingerprint", "secrets"):
        table.add_column(heading)
    for name, entry in vault.items():
        prints = "\n".join(f"{role} [dim]{key.fingerprint}[/]" for role, key in entry.keys.named())
        table.add_row(escape(name), str(entry.system_title or "-"), prints or "-", ", ".join(_secrets(entry.keys)) or "-")
    return table
