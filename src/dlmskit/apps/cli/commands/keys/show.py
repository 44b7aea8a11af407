"""``dlmskit keys show``: what is in a key file, by fingerprints; secrets only on demand."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from dlmskit.apps.cli.key_entries import File, Json, Reveal, entry_json, secret_names
from dlmskit.apps.cli.keyfile import open_key_file
from dlmskit.apps.cli.output import console, print_json
from dlmskit.security.vault import KeyVault, VaultEntry
from dlmskit.security.vault_tables import tables_from_vault


def run(
    file: File,
    reveal: Reveal = False,
    json: Json = False,
) -> int:
    """Show what is in a key file. Fingerprints tell whether two keys are the same; keys themselves are not shown.

    Example: dlmskit keys show meter.keys
    """
    vault = open_key_file(file)
    tables = tables_from_vault(vault) if reveal else {}
    if json:
        entries = [entry_json(name, entry) for name, entry in vault.items()]
        print_json({"entries": [{**entry, "revealed": tables[str(entry["entry"])]} if reveal else entry for entry in entries]})
        return 0
    console.print(_table(vault))
    for name, fields in tables.items():
        console.print(f"\n[bold]{escape(name)}[/] [red]in clear[/]")
        for field, value in fields.items():
            console.print(f"  {field} = {escape(value)}", soft_wrap=True)
    return 0


def _table(vault: KeyVault) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("entry", "system title", "keys, by fingerprint", "key pairs", "secrets"):
        table.add_column(heading)
    for name, entry in vault.items():
        prints = "\n".join(f"{role} [dim]{key.fingerprint}[/]" for role, key in entry.keys.named())
        secrets = ", ".join(secret_names(entry)) or "-"
        table.add_row(escape(name), str(entry.system_title or "-"), prints or "-", _pairs(entry) or "-", secrets)
    return table


def _pairs(entry: VaultEntry) -> str:
    return "\n".join(
        f"{purpose} {public.curve.name}{'' if private else ', public'} [dim]{public.octets[:8].hex()}[/]"
        for purpose, public, private in entry.pairs.named()
    )
