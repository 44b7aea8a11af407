"""``dlmskit image show``: what a firmware image says of itself, and whether its signature is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlmskit.apps.cli.images import described
from dlmskit.apps.cli.key_entries import Entry, Json, open_entry
from dlmskit.apps.cli.output import console, print_json
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.firmware import open_firmware, read_header


def run(
    image: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The container.")],
    keys: Annotated[
        str | None, typer.Option("--keys", help="Key file with the manufacturer's public key, to check with.")
    ] = None,
    entry: Entry = None,
    json: Json = False,
) -> int:
    """Show the header of an image; with the manufacturer's key its signature is checked too.

    Example: dlmskit image show firmware.img --keys maker.keys
    """
    octets = image.read_bytes()
    header = read_header(octets)
    if keys is not None:
        name, found = open_entry(keys, entry)
        public = found.pairs.signing_public_key
        if public is None:
            raise SecurityError(SecurityReason.MISSING_KEY, f"the entry {name!r} has no public key for signatures")
        open_firmware(octets, public)
    told = {
        "file": str(image),
        "octets": len(octets),
        **described(header),
        "signature": "not checked" if keys is None else "right",
    }
    if json:
        print_json(told)
    else:
        for word, value in told.items():
            console.print(f"{word.replace('_', ' '):15}{value}")
    return 0
