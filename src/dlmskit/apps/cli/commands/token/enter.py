"""``dlmskit token enter``: give a token to a meter."""

from __future__ import annotations

from typing import Annotated

import typer

from dlmskit.apps.cli.connection import AllowWeak, Json, KeyFile, Url
from dlmskit.apps.cli.octets import octets_of
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.payment import GATEWAY, Gateway, enter_token


def run(
    url: Url,
    token: Annotated[str, typer.Argument(help="The token: hex, a file, or - for standard input.")],
    keys: KeyFile = None,
    gateway: Gateway = GATEWAY,
    allow_weak: AllowWeak = False,
    json: Json = False,
) -> int:
    """Enter a token through the token gateway, and say what became of it. Exit code 1 where the credit was not given.

    The token may be of any format that the meter knows. It is sent once; a meter takes it once, however often it is entered.

    Example: dlmskit token enter "tcp://192.0.2.7:4059?client=1" 0100000001000001F4... --keys meter.keys
    """
    entered = enter_token(url, keys, gateway, octets_of(token, "token"), allow_weak=allow_weak)
    print_json(entered.to_json()) if json else console.print(entered.words, markup=False)
    return int(not entered.taken)
