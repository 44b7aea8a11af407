"""Prepayment of a simulated meter: its account with credits and charges, and tokens that are taken once.

The number of a token is on the disk in the transaction that gives its amount to the account: after a power cut either both have
happened, or nothing has.
"""

from __future__ import annotations

import json

from dlmskit.apps.simulator.mechanisms import PrepaymentTable
from dlmskit.cosem.classes.account import Account, AccountStatus, PaymentMode
from dlmskit.cosem.classes.charge import Charge, ChargeType
from dlmskit.cosem.classes.credit import Credit, CreditType
from dlmskit.cosem.classes.disconnect_control import DisconnectControl, DisconnectControlV0
from dlmskit.cosem.classes.token_gateway import Token, TokenGateway, TokenRefused, TokenStatus
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ConfigError, DecodeError, SecurityError
from dlmskit.security.keys import Secret
from dlmskit.security.payment_tokens import read_token
from dlmskit.server import Database
from dlmskit.types.bits import BitString
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

ACCOUNT, GATEWAY = Obis("0.0.19.0.0.255"), Obis("0.0.19.40.0.255")
TOKEN_CREDIT, EMERGENCY_CREDIT = Obis("0.0.19.10.0.255"), Obis("0.0.19.10.1.255")
ENERGY_CHARGE, STANDING_CHARGE = Obis("0.0.19.20.0.255"), Obis("0.0.19.20.1.255")
SWITCH = Obis("0.0.96.3.10.255")
ENERGY = Obis("1.0.1.8.0.255")
REMEMBERED = 256
"""Numbers of tokens that are kept; a token older than all of them is refused."""

_HUNDREDTHS = -2
_PER_KWH = ((3, _HUNDREDTHS), (3, ENERGY, 2))
_PER_DAY = ((0, _HUNDREDTHS), (0, Obis("0.0.0.0.0.0"), 0))
_CONTINUOUS = BitString("01")
_PAID_BACK = BitString("00100")
_MONETARY = 2
_SWITCHES_BY_ITSELF = 6
_DAY = 86400


def add_payment(table: PrepaymentTable, tree: ObjectTree, decoder: Tokens) -> Account:
    """Put the objects of ``[prepayment]`` into a logical device. Raises ConfigError where its energy is not measured."""
    if (3, ENERGY) not in tree:
        raise ConfigError(f"energy cannot be charged: add {ENERGY} under [registers]")
    if not tree.of(DisconnectControlV0):
        tree.add(DisconnectControl(SWITCH, control_mode=_SWITCHES_BY_ITSELF))
    credited = [
        Credit(TOKEN_CREDIT, credit_type=CreditType.TOKEN, priority=1, current_credit_amount=table.credit),
        Credit(
            EMERGENCY_CREDIT,
            credit_type=CreditType.EMERGENCY,
            priority=2 if table.emergency_credit else 0,
            preset_credit_amount=table.emergency_credit,
            credit_configuration=_PAID_BACK,
        ),
    ]
    charges = [
        _charge(ENERGY_CHARGE, ChargeType.CONSUMPTION_BASED, (*_PER_KWH, [(b"", table.price_per_kwh)]), table.collect_seconds),
        _charge(STANDING_CHARGE, ChargeType.TIME_BASED, (*_PER_DAY, [(b"", table.standing_charge)]), _DAY),
    ]
    for credit in credited:
        tree.add(credit)
    for charge in charges:
        tree.add(charge)
    gateway = tree.add(TokenGateway(GATEWAY))
    gateway.decoder = decoder
    return tree.add(
        Account(
            ACCOUNT,
            account_mode_and_status=(PaymentMode.PREPAYMENT, AccountStatus.ACTIVE),
            credit_reference_list=[one.obis for one in credited],
            charge_reference_list=[one.obis for one in charges],
            currency=(table.currency, _HUNDREDTHS, _MONETARY),
            low_credit_threshold=table.low_credit,
        )
    )


def _charge(name: Obis, kind: ChargeType, unit: object, period: int) -> Charge:
    return Charge(name, charge_type=kind, priority=1, unit_charge_active=unit, period=period, charge_configuration=_CONTINUOUS)


class Tokens:
    """A `TokenDecoder` for tokens of `dlmskit.security.payment_tokens`."""

    def __init__(self, key: Secret, title: SystemTitle, database: Database) -> None:
        self._key, self._title, self._database = key, title, database
        self._note = "payment tokens"
        self._taken: list[int] = json.loads(database.note(self._note) or "[]")

    def __call__(self, token: bytes, /) -> Token:
        """The worth of a token that was not taken before. Raises TokenRefused."""
        try:
            found = read_token(self._key, self._title, token)
        except DecodeError as error:
            raise TokenRefused(TokenStatus.FORMAT_FAILURE, str(error)) from error
        except SecurityError as error:
            raise TokenRefused(TokenStatus.AUTHENTICATION_FAILURE, str(error)) from error
        full = len(self._taken) >= REMEMBERED
        if found.number in self._taken or (full and found.number < self._taken[0]):
            raise TokenRefused(TokenStatus.VALIDATION_FAILURE, f"token {found.number} was taken before, or is too old")
        self._taken = sorted((*self._taken, found.number))[-REMEMBERED:]
        self._database.set_note(self._note, json.dumps(self._taken))
        return Token(found.amount, (b"credit", b"%d" % found.number))
