"""What becomes of a key that a command has come to: its fingerprint, on demand the key, or a new sealed file with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import typer
from rich.markup import escape

from dlmskit.apps.cli.key_entries import write_sealed
from dlmskit.apps.cli.output import console, print_json
from dlmskit.security.keys import Key
from dlmskit.security.vault import KeyVault


def deliver(vault: KeyVault, entry: str, key: Key, *, into: str | None, reveal: bool, as_json: bool, **more: Any) -> None:
    """Say which key it is; ``more`` are results that are no secret. Raises ConfigError where the file cannot be written."""
    if into is not None:
        found = vault[entry]
        changed = replace(found, keys=replace(found.keys, **{key.role.value: key}))
        write_sealed(into, KeyVault({**vault, entry: changed}))
    said = {"entry": entry, "role": key.role.value, "fingerprint": key.fingerprint, **more}
    if reveal:
        said["key"] = key.reveal().hex().upper()
    if as_json:
        print_json(said | ({"file": into} if into is not None else {}))
        return
    for name, value in more.items():
        typer.echo(f"{name.replace('_', ' ')} {value}")
    console.print(f"{key.role.value} [dim]fingerprint[/] {key.fingerprint}")
    if reveal:
        typer.echo(said["key"])
    if into is not None:
        console.print(f"[green]sealed[/] with this {key.role.value} in {escape(into)}")
