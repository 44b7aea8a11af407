"""``dlmskit token make``: a credit token for one meter."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dlmskit.apps.cli.connection import AllowWeak, Json, KeyFile
from dlmskit.apps.cli.main import exit_code_of
from dlmskit.apps.cli.output import console, print_json
from dlmskit.apps.cli.payment import GATEWAY, Gateway, TokenKey, enter_token, read_token_key, take_number
from dlmskit.errors import DlmsError
from dlmskit.security.payment_tokens import LARGEST_AMOUNT, make_token
from dlmskit.types.system_title import SystemTitle


def run(
    system_title: Annotated[str, typer.Argument(help="The meter, by its system title in hexadecimal.")],
    amount: Annotated[
        int, typer.Argument(min=1, max=LARGEST_AMOUNT, help="Credit in the smallest amount of the account: cents, for a euro.")
    ],
    token_key: TokenKey,
    number: Annotated[
        int | None, typer.Option(min=1, max=0xFFFF_FFFF, help="Number of the token; without it the next that was not used.")
    ] = None,
    numbers: Annotated[
        str | None, typer.Option(help="File that keeps the numbers; without it the one that keeps the counters.")
    ] = None,
    enter: Annotated[str | None, typer.Option(metavar="URL", help="Enter it in the meter at once.")] = None,
    keys: KeyFile = None,
    gateway: Gateway = GATEWAY,
    allow_weak: AllowWeak = False,
    json: Json = False,
) -> int:
    """Make a credit token, show it, and with --enter give it to the meter. Exit code 1 where the meter did not take it.

    Whoever has the token can give the credit to this meter, once; to another meter nobody can.

    Example: dlmskit token make 4C41420000000043 500 --token-key vendor.key

    Example: dlmskit token make 4C41420000000043 500 --token-key vendor.key --enter "tcp://192.0.2.7?client=1" --keys meter.keys
    """
    title, key = SystemTitle(system_title), read_token_key(token_key)
    used = take_number(key, title, number, numbers)
    token = make_token(key, title, used, amount)
    told: dict[str, Any] = {"token": token.hex().upper(), "system_title": str(title), "number": used, "amount": amount}
    if not json:  # before anything can go wrong on the way to the meter
        for word, value in told.items():
            console.print(f"{word.replace('_', ' '):14}{value}")
    if enter is None:
        return _show(told, 0, json=json)
    try:
        entered = enter_token(enter, keys, gateway, token, allow_weak=allow_weak)
    except DlmsError as error:
        if not json:
            raise
        code = exit_code_of(error)
        told["error"] = {"kind": type(error).__name__, "message": str(error), "exit_code": code}
        return _show(told, code, json=True)
    if not json:
        console.print(entered.words, markup=False)
    return _show({**told, "entered": entered.to_json()}, int(not entered.taken), json=json)


def _show(told: dict[str, Any], code: int, *, json: bool) -> int:
    if json:
        print_json(told)
    return code
