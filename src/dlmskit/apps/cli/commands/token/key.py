"""``dlmskit token key``: a key for payment tokens."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from dlmskit.apps.cli.connection import Json
from dlmskit.apps.cli.output import console, print_json
from dlmskit.client.key_file import write_key_file
from dlmskit.security.payment_tokens import KEY_OCTETS


def run(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write; an existing one is never replaced.")],
    json: Json = False,
) -> int:
    """Draw a key that meters and their vendor share, and write it into a file that its owner alone can open.

    A simulated meter takes the file as token_key_file of its [prepayment].

    Example: dlmskit token key vendor.key
    """
    write_key_file(file, secrets.token_hex(KEY_OCTETS).encode() + b"\n")
    print_json({"file": str(file), "octets": KEY_OCTETS}) if json else console.print(f"a token key is in {file}")
    return 0
