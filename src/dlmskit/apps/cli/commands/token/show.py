"""``dlmskit token show``: what a payment token says."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.connection import Json
from dlmskit.apps.cli.octets import octets_of
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.payment import TokenKey, read_token_key
from dlmskit.security.payment_tokens import read_token
from dlmskit.types.system_title import SystemTitle


def run(
    token: Annotated[str, typer.Argument(help="The token: hex, a file, or - for standard input.")],
    system_title: Annotated[str, typer.Argument(help="The meter that it is for, by its system title in hexadecimal.")],
    token_key: TokenKey,
    json: Json = False,
) -> int:
    """Show number and amount of a token that is genuine; exit code 4 for one that is not for this meter, or of another key.

    Example: dlmskit token show 0100000001000001F4... 4C41420000000043 --token-key vendor.key
    """
    title = SystemTitle(system_title)
    found = read_token(read_token_key(token_key), title, octets_of(token, "token"))
    told = {"system_title": str(title), "number": found.number, "amount": found.amount, "tag": "right"}
    if json:
        print_json(told)
    else:
        for word, value in told.items():
            console.print(f"{word.replace('_', ' '):14}{value}")
    return 0
