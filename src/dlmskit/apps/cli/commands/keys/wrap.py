"""``dlmskit keys wrap``: a key under a master key, as key_transfer and wrapped key-info carry it (RFC 3394)."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.key_entries import Entry, File, Json, MeterKey, key_of, open_entry
from dlmskit.apps.cli.output import print_json


def run(
    file: File,
    role: Annotated[MeterKey, typer.Argument(help="The key to wrap.")],
    under: Annotated[
        str | None, typer.Option(help="Key file with the master key (kek) to wrap under; else the same file.")
    ] = None,
    entry: Entry = None,
    json: Json = False,
) -> int:
    """Wrap a key of a file under a master key: 24 octets, or 40 in suite 2, in hexadecimal. They are no secret.

    Example: dlmskit keys wrap next.keys guek --under present.keys
    """
    name, found = open_entry(file, entry)
    kek = key_of(found if under is None else open_entry(under, entry)[1], MeterKey.KEK)
    key = key_of(found, role)
    wrapped = kek.master.wrap_octets(key.reveal()).hex().upper()
    if json:
        print_json(
            {"entry": name, "role": role.value, "fingerprint": key.fingerprint, "under": kek.fingerprint, "wrapped": wrapped}
        )
    else:
        typer.echo(wrapped)
    return 0
