"""Account, credits, charges and tokens together: in the words of a customer, and of the one who sells to him."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.account import Account, AccountStatus, PaymentMode
from dlmskit.cosem.classes.charge import Charge, ChargeType
from dlmskit.cosem.classes.credit import Credit, CreditStatus, CreditType
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.disconnect_control import ControlState, DisconnectControl
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.classes.token_gateway import Token, TokenGateway, TokenRefused, TokenStatus
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDateTime
from tests.cosem.living import Living

START = datetime(2024, 1, 15, 12, tzinfo=UTC)
ACCOUNT, TOKENS, EMERGENCY, CHARGE, GATEWAY = (f"0.0.19.{number}.255" for number in ("0.0", "10.0", "10.1", "20.0", "40.0"))
ENERGY = "1.0.1.8.0.255"
CONFIRM_AND_PAY_BACK, CONTINUOUS = BitString("01100"), BitString("01")


def consumption(price: int = 30, **other: Any) -> Charge:
    """30 ct for each kWh, collected each quarter of an hour; the register counts Wh."""
    values: dict[str, Any] = {
        "charge_type": ChargeType.CONSUMPTION_BASED,
        "priority": 1,
        "unit_charge_active": ((3, -2), (3, ENERGY, 2), [(b"", price)]),
        "period": 900,
        "charge_configuration": CONTINUOUS,
    }
    return Charge(CHARGE, **(values | other))


class Home:
    """A prepaid meter: token credit, emergency credit that must be confirmed and paid back, a charge, a switch."""

    def __init__(self, *charges: Charge, others: tuple[InterfaceClass, ...] = (), **account: Any) -> None:
        self.energy = Register(ENERGY, value=Data.double_long_unsigned(100_000), scaler_unit=(0, 30))
        self.tokens = Credit(TOKENS, credit_type=CreditType.TOKEN, priority=1)
        self.emergency = Credit(
            EMERGENCY,
            credit_type=CreditType.EMERGENCY,
            priority=2,
            preset_credit_amount=200,
            credit_configuration=CONFIRM_AND_PAY_BACK,
        )
        self.switch = DisconnectControl("0.0.96.3.10.255", control_mode=6)
        charges = charges or (consumption(),)
        values: dict[str, Any] = {
            "account_mode_and_status": (PaymentMode.PREPAYMENT, AccountStatus.NEW),
            "credit_reference_list": [TOKENS, EMERGENCY],
            "charge_reference_list": [one.obis for one in charges],
            "currency": ("EUR", -2, 2),
            "low_credit_threshold": 100,
            "next_credit_available_threshold": 50,
        }
        self.account = Account(ACCOUNT, **(values | account))
        self.gateway = TokenGateway(GATEWAY)
        self.device = Living(
            self.energy, self.tokens, self.emergency, self.switch, self.account, self.gateway, *charges, *others, start=START
        )
        self.now = START

    def open(self, amount: int = 1000) -> Home:
        self.account.action(1, Data.integer(0))
        if amount:
            self.account.top_up(amount)
        self.hours(0.25)
        return self

    def uses(self, watt_hours: int, hours: float = 0.25) -> None:
        """Consume, and let the time pass to the next collection."""
        self.energy.value = self.energy.value + watt_hours
        self.hours(hours)

    def hours(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        self.device.until(self.now)

    @property
    def bits(self) -> str:
        return str(self.account.current_credit_status)


def test_consumption_is_paid_from_the_credit() -> None:
    home = Home().open()
    home.uses(10_000)
    assert home.tokens.current_credit_amount == 1000 - 300
    assert (home.account.available_credit, home.account.current_credit_in_use) == (700, 1)
    charge = home.device.tree.of(Charge)[0]
    assert (charge.total_amount_paid, charge.last_collection_amount) == (300, 300)
    assert str(charge.last_collection_time).startswith("2024-01-15 12:30")
    assert home.bits[:2] == "10"


def test_parts_of_a_cent_are_kept_for_the_next_collection() -> None:
    home = Home().open()
    for _ in range(10):
        home.uses(10)  # 0.3 ct each
    assert home.tokens.current_credit_amount == 1000 - 3


def test_a_prepaid_customer_runs_out_and_comes_back() -> None:
    home = Home().open(500)
    home.uses(14_000)
    assert home.account.available_credit == 80
    assert home.bits[1] == "1", "low credit"
    home.uses(1_500)
    assert home.emergency.credit_status == CreditStatus.SELECTABLE
    assert home.switch.control_state == ControlState.CONNECTED
    home.uses(1_500)
    assert home.tokens.credit_status == CreditStatus.EXHAUSTED
    assert (home.switch.control_state, home.bits[6]) == (ControlState.READY_FOR_RECONNECTION, "1")
    assert home.account.amount_to_clear == 10, "the last quarter of an hour cost more than was left"

    home.emergency.action(3, Data.integer(0))
    assert home.emergency.credit_status == CreditStatus.IN_USE
    assert (home.account.available_credit, home.account.current_credit_in_use, home.bits[5]) == (200, 2, "1")
    assert home.switch.control_state == ControlState.CONNECTED
    home.uses(4_000)
    assert home.emergency.current_credit_amount == 80
    assert home.account.amount_to_clear == 10 + 120

    home.account.top_up(1000)
    assert (home.tokens.current_credit_amount, home.emergency.current_credit_amount) == (870, 200)
    assert home.tokens.credit_status == CreditStatus.IN_USE
    assert home.account.amount_to_clear == 0


def test_the_emergency_credit_that_ran_out_is_there_again_when_it_was_paid_back() -> None:
    home = Home().open(10)
    home.uses(400)
    home.emergency.action(3, Data.integer(0))
    home.uses(7_000)
    assert home.emergency.credit_status == CreditStatus.EXHAUSTED
    with pytest.raises(ServiceError):
        home.emergency.action(3, Data.integer(0))
    owed = home.account.amount_to_clear
    home.account.top_up(owed - 1)
    assert home.emergency.credit_status == CreditStatus.EXHAUSTED
    home.account.top_up(500)
    assert home.emergency.credit_status == CreditStatus.ENABLED
    assert home.tokens.current_credit_amount == 499


def test_supply_waits_for_the_clearance_threshold() -> None:
    home = Home(clearance_threshold=300).open(10)
    home.uses(400)
    assert home.switch.control_state == ControlState.READY_FOR_RECONNECTION
    home.account.top_up(100)
    assert home.switch.control_state == ControlState.READY_FOR_RECONNECTION
    home.account.top_up(300)
    assert home.switch.control_state == ControlState.CONNECTED


def test_a_customer_with_credit_mode_is_never_switched_off() -> None:
    home = Home(account_mode_and_status=(PaymentMode.CREDIT, AccountStatus.NEW)).open(10)
    home.uses(40_000)
    assert home.switch.control_state == ControlState.CONNECTED
    assert home.tokens.current_credit_amount < 0


def test_a_charge_for_time() -> None:
    daily = consumption(
        charge_type=ChargeType.TIME_BASED, period=86400, unit_charge_active=((0, -2), (0, "0.0.0.0.0.0", 0), [(b"", 25)])
    )
    home = Home(daily).open(1000)
    home.hours(24 * 3)
    assert home.tokens.current_credit_amount == 1000 - 3 * 25


def test_a_debt_is_paid_from_payments_until_nothing_remains() -> None:
    debt = consumption(
        charge_type=ChargeType.PAYMENT_EVENT_BASED,
        charge_configuration=BitString("10"),
        proportion=2500,
        total_amount_remaining=300,
    )
    home = Home(debt).open(1000)
    assert (home.tokens.current_credit_amount, debt.total_amount_remaining) == (750, 50)
    assert home.account.aggregated_debt == 50
    home.account.top_up(1000)
    assert (home.tokens.current_credit_amount, debt.total_amount_remaining) == (1700, 0)
    home.account.top_up(1000)
    assert home.tokens.current_credit_amount == 2700
    with pytest.raises(ServiceError):
        debt.action(3, Data.integer(0))


def test_provisions_are_capped_for_a_period() -> None:
    debt = consumption(
        charge_type=ChargeType.PAYMENT_EVENT_BASED,
        charge_configuration=BitString("11"),
        proportion=5000,
        total_amount_remaining=0,
    )
    home = Home(debt, max_provision=600, max_provision_period=86400).open(1000)
    assert home.tokens.current_credit_amount == 500
    home.account.top_up(1000)
    assert home.tokens.current_credit_amount == 500 + 1000
    home.hours(25)
    home.account.top_up(1000)
    assert home.tokens.current_credit_amount == 1500 + 500


def test_prices_by_tariff_and_new_prices_at_their_time() -> None:
    tariff = DataObject("0.0.96.14.0.255", value=Data.octet_string(b"\x01"))
    charge = consumption(unit_charge_active=((3, -2), (3, ENERGY, 2), [(b"\x01", 30), (b"\x02", 10)]))
    home = Home(charge, others=(tariff,)).open(1000)
    home.uses(1000)
    tariff.value = b"\x02"
    home.uses(1000)
    assert home.tokens.current_credit_amount == 1000 - 30 - 10
    charge.unit_charge_passive = charge.unit_charge_active
    prices = Data.array(
        [Data.structure([Data.octet_string(index), Data.long(price)]) for index, price in ((b"\x02", 20), (b"\x03", 5))]
    )
    charge.action(1, prices)
    assert [tuple(one) for one in charge.unit_charge_passive.charge_table] == [(b"\x01", 30), (b"\x02", 20), (b"\x03", 5)]
    charge.unit_charge_activation_time = CosemDateTime.from_datetime(home.now + timedelta(minutes=20))
    home.uses(1000, 1 / 3)  # at the old price, up to the moment of the new one
    home.uses(1000)
    assert home.tokens.current_credit_amount == 960 - 10 - 20


def test_prices_whose_time_is_past_are_in_force_at_once() -> None:
    charge = consumption()
    home = Home(charge).open()
    charge.unit_charge_passive = ((3, -2), (3, ENERGY, 2), [(b"", 7)])
    charge.unit_charge_activation_time = CosemDateTime.from_datetime(home.now - timedelta(days=1))
    assert charge.unit_charge_active.charge_table[0].charge_per_unit == 7


def test_what_may_be_collected_from_where() -> None:
    home = Home(credit_charge_configuration=[(TOKENS, CHARGE, BitString("000"))]).open(30)
    home.uses(1000)
    assert home.tokens.current_credit_amount == 0
    home.emergency.action(3, Data.integer(0))
    home.uses(1000)
    assert home.emergency.current_credit_amount == 200, "no charge takes from the emergency credit"


def test_while_disconnected_nothing_is_collected_unless_it_may() -> None:
    for bits, left in (("000", 1000), ("100", 970)):
        home = Home(credit_charge_configuration=[(TOKENS, CHARGE, BitString(bits))]).open()
        home.switch.action(1, Data.integer(0))
        home.uses(1000)
        assert home.tokens.current_credit_amount == left


def test_a_life_of_an_account() -> None:
    home = Home()
    with pytest.raises(ServiceError):
        home.account.top_up(100)
    with pytest.raises(ServiceError):
        home.account.action(3, Data.integer(0))
    home.open()
    with pytest.raises(ServiceError):
        home.account.action(1, Data.integer(0))
    home.account.action(2, Data.integer(0))
    home.uses(1000)
    assert home.tokens.current_credit_amount == 1000, "a closed account pays nothing"
    home.tokens.credit_configuration = BitString("00010")
    home.account.action(3, Data.integer(0))
    assert (home.tokens.current_credit_amount, home.account.available_credit) == (0, 0)
    assert home.account.state is AccountStatus.CLOSED


def test_an_account_opens_and_closes_at_its_times() -> None:
    times: dict[str, Any] = {
        "account_activation_time": CosemDateTime.from_datetime(START + timedelta(hours=1)),
        "account_closure_time": CosemDateTime.from_datetime(START + timedelta(hours=2)),
    }
    home = Home(**times)
    for hours, state in ((0.9, AccountStatus.NEW), (0.1, AccountStatus.ACTIVE), (1, AccountStatus.CLOSED)):
        home.hours(hours)
        assert home.account.state is state


def test_proportions_of_a_token() -> None:
    home = Home(token_gateway_configuration=[(TOKENS, 70), (EMERGENCY, 30)]).open(0)
    home.account.top_up(101)
    assert (home.tokens.current_credit_amount, home.emergency.current_credit_amount) == (70, 31)


def test_amounts_that_do_not_fit_change_nothing() -> None:
    home = Home().open()
    with pytest.raises(ServiceError):
        home.tokens.action(1, Data.double_long((1 << 31) - 1))
    assert home.tokens.current_credit_amount == 1000
    assert home.tokens.action(2, Data.double_long(5)) == Data.double_long(1000)
    for amount in (0, -5, 1 << 31):
        with pytest.raises(ServiceError):
            home.account.top_up(amount)
    assert home.tokens.current_credit_amount == 5


def test_what_remains_to_be_paid_is_set_and_changed() -> None:
    charge = consumption()
    Home(charge)
    charge.action(4, Data.double_long(50))
    assert charge.action(5, Data.double_long(20)) == Data.double_long(50)
    charge.action(4, Data.double_long((1 << 31) - 21))
    with pytest.raises(ServiceError):
        charge.action(4, Data.double_long(1))
    assert charge.total_amount_remaining == (1 << 31) - 1


def test_a_credit_that_comes_anew_each_month() -> None:
    free = Credit(
        "0.0.19.10.2.255",
        credit_type=CreditType.TIME_BASED,
        priority=1,
        preset_credit_amount=500,
        period=CosemDateTime(bytes((0xFF, 0xFF, 0xFF, 1, 0xFF, 0, 0, 0, 0, 0x80, 0, 0))),
    )
    home = Home(others=(free,), credit_reference_list=["0.0.19.10.2.255", TOKENS])
    home.open(0)
    home.device.until(datetime(2024, 2, 1, tzinfo=UTC))
    assert free.current_credit_amount == 500
    assert home.account.available_credit == 500


class TestTokens:
    @staticmethod
    def decoder(token: bytes) -> Token:
        refusals = {
            b"x": TokenStatus.FORMAT_FAILURE,
            b"?": TokenStatus.AUTHENTICATION_FAILURE,
            b"2": TokenStatus.VALIDATION_FAILURE,
        }
        if token[:1] in refusals:
            raise TokenRefused(refusals[token[:1]])
        return Token(int(token), (b"top-up",))

    def enter(self, home: Home, token: bytes) -> int:
        found = home.gateway.action(1, Data.octet_string(token))
        assert found is not None
        code: int = found.elements()[0].value
        return code

    def test_a_token_becomes_credit(self) -> None:
        home = Home().open(0)
        home.gateway.decoder = self.decoder
        assert self.enter(home, b"1500") == TokenStatus.EXECUTION_OK
        assert home.tokens.current_credit_amount == 1500
        assert (home.gateway.token, home.gateway.token_description) == (b"1500", [b"top-up"])
        assert str(home.gateway.token_time).startswith("2024-01-15 12:15")
        assert home.gateway.token_status[0] == TokenStatus.EXECUTION_OK

    @pytest.mark.parametrize(
        ("token", "status"),
        [
            (b"xyz", TokenStatus.FORMAT_FAILURE),
            (b"???", TokenStatus.AUTHENTICATION_FAILURE),
            (b"222", TokenStatus.VALIDATION_FAILURE),
            (b"0", TokenStatus.EXECUTION_FAILURE),
            (b"", TokenStatus.FORMAT_FAILURE),
            (b"1" * 257, TokenStatus.FORMAT_FAILURE),
        ],
    )
    def test_which_check_a_token_fails(self, token: bytes, status: TokenStatus) -> None:
        home = Home().open(10)
        home.gateway.decoder = self.decoder
        assert self.enter(home, token) == status
        assert home.gateway.token_status[0] == status
        assert home.tokens.current_credit_amount == 10
        assert len(home.gateway.token) <= 256

    def test_without_a_decoder_no_token_is_one(self) -> None:
        assert self.enter(Home().open(), b"1500") == TokenStatus.FORMAT_FAILURE

    def test_without_an_account_nothing_is_executed(self) -> None:
        gateway = TokenGateway(GATEWAY)
        Living(gateway)
        gateway.decoder = self.decoder
        assert gateway.enter(b"100")[0] == TokenStatus.EXECUTION_FAILURE
