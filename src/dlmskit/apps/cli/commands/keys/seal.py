"""``dlmskit keys seal``: a plain key file, sealed."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.key_entries import InToken, Json, report_written, write_sealed
from dlmskit.apps.cli.keyfile import open_key_file


def run(
    plain: Annotated[str, typer.Argument(help='The file in clear, with storage = "plain" at its top.')],
    sealed: Annotated[str, typer.Argument(help="The file to write. Delete the plain one yourself.")],
    token: InToken = None,
    json: Json = False,
) -> int:
    """Seal a plain key file with a passphrase (Argon2id, AES-256-GCM), or with a key in a token.

    Example: dlmskit keys seal plain.keys meter.keys
    """
    vault = open_key_file(plain)
    write_sealed(sealed, vault, token)
    report_written(sealed, vault, as_json=json)
    return 0
