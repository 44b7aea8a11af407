"""``dlmskit keys unwrap``: a wrapped key, opened with the master key and put into a new key file."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.key_entries import Entry, Into, Json, MeterKey, Reveal, entry_named, key_of
from dlmskit.apps.cli.key_results import deliver
from dlmskit.apps.cli.keyfile import open_key_file
from dlmskit.apps.cli.octets import octets_of
from dlmskit.security.keys import Key


def run(
    file: Annotated[str, typer.Argument(help="Key file with the master key (kek).")],
    wrapped: Annotated[str, typer.Argument(help="The wrapped key, hex, or - for standard input.")],
    role: Annotated[MeterKey, typer.Option(help="What the key is.")] = MeterKey.GUEK,
    into: Into = None,
    entry: Entry = None,
    reveal: Reveal = False,
    json: Json = False,
) -> int:
    """Open a wrapped key. Its fingerprint is shown; --into puts it into a copy of the key file.

    Example: dlmskit keys unwrap present.keys 26DE33DDF46BB04F7762E931BD7590FAEE90B48687571982 --into next.keys
    """
    vault = open_key_file(file)
    name, found = entry_named(vault, entry)
    octets = octets_of(wrapped, "the wrapped key")
    octets = key_of(found, MeterKey.KEK).master.unwrap_octets(octets)
    deliver(vault, name, Key(octets, role.role), into=into, reveal=reveal, as_json=json)
    return 0
