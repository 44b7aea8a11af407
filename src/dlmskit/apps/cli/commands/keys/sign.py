"""``dlmskit keys sign``: a digital signature over any octets."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.key_entries import Entry, File, Json, open_entry
from dlmskit.apps.cli.octets import octets_of
from dlmskit.apps.cli.output import print_json
from dlmskit.errors import SecurityError, SecurityReason


def run(
    file: File,
    source: Annotated[str, typer.Argument(help="What to sign: hex, a file, or - for standard input.")] = "-",
    entry: Entry = None,
    json: Json = False,
) -> int:
    """Sign octets with the signing key of a file: r and s in hexadecimal, 64 octets on P-256, 96 on P-384.

    This is the bare signature; dlmskit protect --form general-signing signs an APDU with its header.

    Example: dlmskit keys sign client.keys C001C100030100010800FF0200
    """
    name, found = open_entry(file, entry)
    key = found.pairs.signing_key
    if key is None:
        raise SecurityError(SecurityReason.MISSING_KEY, f"the entry {name!r} has no signing_key: keys new --suite 1 makes one")
    signature = key.sign(octets_of(source, "what is to be signed")).hex().upper()
    print_json({"entry": name, "curve": key.public.curve.name, "signature": signature}) if json else typer.echo(signature)
    return 0
