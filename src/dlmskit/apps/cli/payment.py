"""Payment tokens on the command line: the key that makes them, their numbers, and what a meter says to one.

The number of a token is part of the IV of its tag: the same number twice under one key gives the key away. So numbers are kept on
disk like invocation counters, and put away before a token is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from dlmskit.apps.cli.connection import on_meter
from dlmskit.apps.cli.output import visible
from dlmskit.client.aio import Meter
from dlmskit.client.counter_store import SqliteCounterStore
from dlmskit.client.counters import counter_file
from dlmskit.client.key_file import read_secret_file
from dlmskit.cosem.classes.account import Account
from dlmskit.cosem.classes.token_gateway import TokenGateway, TokenStatus
from dlmskit.errors import ConfigError, DecodeError, DlmsError, OutcomeUnknown
from dlmskit.security.counters import counter_name
from dlmskit.security.keys import Key, Secret
from dlmskit.security.payment_tokens import token_key
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

GATEWAY = "0.0.19.40.0.255"
_FIRST_GATEWAY = 40
"""Value group D of the first token gateway; that of the first account is 0 (OBIS, payment metering)."""

TokenKey = Annotated[
    Path, typer.Option("--token-key", dir_okay=False, help="File with the token key, 32 hexadecimal digits; dlmskit token key.")
]
Gateway = Annotated[str, typer.Option("--gateway", help="The token gateway of the meter.")]

_SAID = {
    TokenStatus.FORMAT_OK: "its format is right; it was not executed yet",
    TokenStatus.AUTHENTICATION_OK: "it is genuine; it was not executed yet",
    TokenStatus.VALIDATION_OK: "it is genuine and valid; it was not executed yet",
    TokenStatus.EXECUTION_OK: "the credit is on the account",
    TokenStatus.FORMAT_FAILURE: "the meter knows no tokens of this form",
    TokenStatus.AUTHENTICATION_FAILURE: "it was not made for this meter, or not with its key",
    TokenStatus.VALIDATION_FAILURE: "it was taken before, or is too old",
    TokenStatus.EXECUTION_FAILURE: "it is genuine, and the account does not take the credit",
    TokenStatus.NOT_PROCESSED: "the meter has it and will look at it later: read token_status then",
}


def read_token_key(path: Path) -> Secret:
    """The key in the file. Raises ConfigError, also where others may open the file."""
    return token_key(read_secret_file(path, "the token key"))


def take_number(key: Secret, title: SystemTitle, wanted: int | None, file: str | None) -> int:
    """A number that no token for this meter had under this key; it is used up, on disk, when this returns.

    Raises ConfigError where the ``wanted`` one is not above all that were given out here.
    """
    path = counter_file() if file is None else Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    store = SqliteCounterStore(path)
    try:
        found = store.reserve(counter_name(Key(key.reveal()), title), 1, at_least=wanted or 1)
    finally:
        store.close()
    if wanted not in {None, found}:
        raise ConfigError(f"number {wanted} may have been used for {title}: take one above {found}")
    return found


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a token in a meter."""

    code: int
    """status_code of token_status."""
    credit: Decimal | None
    """available_credit of the account, in its currency; None where the client may not read it."""
    currency: str = ""

    @property
    def taken(self) -> bool:
        """Whether the credit is on the account."""
        return self.code == TokenStatus.EXECUTION_OK

    @property
    def words(self) -> str:
        """The status as the Blue Book has it, what that means, and the credit."""
        known = self.code in set(TokenStatus)
        status = TokenStatus(self.code).name.lower().replace("_", " ") if known else f"status {self.code}"
        said = _SAID[TokenStatus(self.code)] if known else "the standard has no such status"
        credit = "" if self.credit is None else f"; available credit {self.credit} {self.currency}".rstrip()
        return f"{status}: {said}{credit}"

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        credit = None if self.credit is None else float(self.credit)
        return {
            "status_code": self.code,
            "taken": self.taken,
            "outcome": self.words,
            "available_credit": credit,
            "currency": self.currency or None,
        }


def enter_token(url: str, keys: str | None, gateway: str, token: bytes, *, allow_weak: bool = False) -> Entered:
    """Give a token to the token gateway of a meter, and look what became of it. Raises what the connection raises."""
    obis, found = Obis(gateway), list[Entered]()

    async def work(meter: Meter) -> int:
        match await meter.call(obis, TokenGateway.enter.number, token, class_id=TokenGateway.class_id):
            case (int(code), _):
                found.append(Entered(code, *await _credit(meter, obis)))
            case _:
                raise DecodeError("the token gateway returned no status: read its token_status", path="token_status")
        return 0

    try:
        on_meter(url, keys, "entering the token", work, allow_weak=allow_weak)
    except OutcomeUnknown as error:
        again = "enter the same token again: a meter takes it once, and answers 'validation failure' if it has it"
        raise type(error)(f"{error}; {again}") from error
    return found[0]


async def _credit(meter: Meter, gateway: Obis) -> tuple[Decimal | None, str]:
    """available_credit and currency of the account that belongs to a gateway; None where they cannot be read."""
    octets = bytearray(gateway.octets)
    octets[3] -= min(_FIRST_GATEWAY, octets[3])
    account = Obis(bytes(octets))
    try:
        amount = await meter.read(account, Account.available_credit.number, class_id=Account.class_id)
        currency = await meter.read(account, Account.currency.number, class_id=Account.class_id)
    except DlmsError:  # what became of the token is known, and must be told
        return None, ""
    match amount, currency:
        case int(), (str(name), int(scale), _):
            return Decimal(amount).scaleb(scale), visible(name)
    return None, ""
