"""Interface class 111, Account (Blue Book 4.6.2): credits and charges of a customer, and what a payment becomes.

The usable credit of the highest priority is in use; charges take from it, then from the next one. In prepayment mode the supply
is switched off when no credit is left, and may come back when the clearance threshold is reached. A payment pays back what is
owed first, then the charges of payments, and the rest goes to the credits of the token gateway configuration.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.charge import Charge, ChargeType
from dlmskit.cosem.classes.credit import REQUIRES_CONFIRMATION, RESETTABLE, Credit, CreditStatus, CreditType
from dlmskit.cosem.classes.disconnect_control import ControlState, DisconnectControlV0
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import DATE_TIME
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.payment import DOUBLE_LONG
from dlmskit.cosem.timebound import TimeBound, local_time_of
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

_CURRENCY = "structure{currency_name:utf8-string,currency_scale:integer,currency_unit:enum{0=time,1=consumption,2=monetary}}"
_CONFIGURATION = "structure{credit_reference:logical-name,charge_reference:logical-name,collection_configuration:bit-string(3)}"
_MODE = (
    "structure{payment_mode:enum{1=credit_mode,2=prepayment_mode},"
    "account_status:enum{1=new_inactive_account,2=account_active,3=account_closed}}"
)
ALL_OF_A_TOKEN = 100
_NO_TIME = timedelta(0)


class PaymentMode(IntEnum):
    """payment_mode."""

    CREDIT = 1
    PREPAYMENT = 2


class AccountStatus(IntEnum):
    """account_status; it only goes forward."""

    NEW = 1
    ACTIVE = 2
    CLOSED = 3


class Account(TimeBound, InterfaceClass, class_id=111, version=0, name="Account"):
    """One account. Amounts are 10 ** currency_scale of the currency; references name credits and charges."""

    account_mode_and_status = attribute(2, _MODE)
    current_credit_in_use = attribute(3, "unsigned", dynamic=True)
    current_credit_status = attribute(4, "bit-string(8)", dynamic=True)
    available_credit = attribute(5, "double-long", dynamic=True)
    amount_to_clear = attribute(6, "double-long", dynamic=True)
    clearance_threshold = attribute(7, "double-long", writable=True)
    aggregated_debt = attribute(8, "double-long", dynamic=True)
    credit_reference_list = attribute(9, "array<logical-name>", writable=True)
    charge_reference_list = attribute(10, "array<logical-name>", writable=True)
    credit_charge_configuration = attribute(11, f"array<{_CONFIGURATION}>", writable=True)
    token_gateway_configuration = attribute(
        12, "array<structure{credit_reference:logical-name,token_proportion:unsigned}>", writable=True
    )
    account_activation_time = attribute(13, DATE_TIME, writable=True)
    account_closure_time = attribute(14, DATE_TIME, writable=True)
    currency = attribute(15, _CURRENCY, writable=True)
    low_credit_threshold = attribute(16, "double-long", dynamic=True)
    next_credit_available_threshold = attribute(17, "double-long", dynamic=True)
    max_provision = attribute(18, "long-unsigned", writable=True)
    max_provision_period = attribute(19, "double-long", writable=True)
    timetable = (13, 14)
    _settling = False
    _provided: tuple[datetime | None, int] = (None, 0)
    """Since when, and how much, charges of payments have taken in this max_provision_period."""

    # --- life ----------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> AccountStatus:
        """account_status."""
        return AccountStatus(self.account_mode_and_status.account_status)

    @property
    def prepaid(self) -> bool:
        """Whether the supply depends on the credit."""
        return bool(self.account_mode_and_status.payment_mode == PaymentMode.PREPAYMENT)

    @account_mode_and_status.writer
    def _write_mode_and_status(self, value: Data, request: Request) -> None:
        mode, status = (member.value for member in value.elements())
        if mode not in set(PaymentMode) or status not in set(AccountStatus):
            raise ServiceError(DataAccessResult.OTHER_REASON, "account_mode_and_status", f"no mode {mode} or status {status}")
        self.store(2, value)

    @method(1)
    def activate_account(self) -> None:
        """A new account begins; other-reason for any other."""
        self._move(AccountStatus.NEW, AccountStatus.ACTIVE)
        self.settle()

    @method(2)
    def close_account(self) -> None:
        """An active account ends: nothing is collected any more."""
        self._move(AccountStatus.ACTIVE, AccountStatus.CLOSED)

    @method(3)
    def reset_account(self) -> None:
        """Clear the balances of a closed account, for the next customer: its debt, and the credits that may be reset."""
        if self.state is not AccountStatus.CLOSED:
            raise ServiceError(DataAccessResult.OTHER_REASON, "reset_account", "the account is not closed")
        for credit in self.credits():
            if credit.configured(RESETTABLE):
                credit.put(0)
                credit.become(CreditStatus.ENABLED)
        for charge in self.charges():
            charge.store(12, Data.double_long(0))
        self.reset_dynamic()

    def _move(self, before: AccountStatus, after: AccountStatus) -> None:
        if self.state is not before:
            raise ServiceError(DataAccessResult.OTHER_REASON, "account_status", f"it is {self.state.name.lower()}")
        self.account_mode_and_status = self.account_mode_and_status._replace(account_status=after)

    # --- what belongs to it --------------------------------------------------------------------------------------------

    def credits(self) -> list[Credit]:
        """The credits of the list, by priority; those of priority 0 are not used."""
        found = {one.obis: one for one in self.tree.of(Credit) if one.priority}
        return sorted((found[name] for name in self.credit_reference_list if name in found), key=lambda one: int(one.priority))

    def charges(self) -> list[Charge]:
        """The charges of the list, by priority."""
        found = {one.obis: one for one in self.tree.of(Charge)}
        return sorted((found[name] for name in self.charge_reference_list if name in found), key=lambda one: int(one.priority))

    def lists(self, charge: Obis) -> bool:
        """Whether a charge is collected by this account."""
        return charge in self.charge_reference_list

    @property
    def currency_scale(self) -> int:
        """Power of ten of the amounts."""
        return int(self.currency.currency_scale)

    # --- credits -------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Decide which credit is in use, show the balances, and switch the supply."""
        if self._settling or self.state is not AccountStatus.ACTIVE:
            return
        self._settling = True
        try:
            ordered = self.credits()
            in_use = self._rank(ordered)
            self._show(ordered, in_use)
            self._supply(in_use)
        finally:
            self._settling = False

    def _rank(self, ordered: list[Credit]) -> Credit | None:
        """Give every credit its status; the one in use, if any."""
        in_use: Credit | None = None
        for credit in ordered:
            status = CreditStatus(credit.credit_status)
            confirmed = status in {CreditStatus.INVOKED, CreditStatus.IN_USE}
            exhausted_emergency = status is CreditStatus.EXHAUSTED and credit.credit_type == CreditType.EMERGENCY
            if exhausted_emergency and credit.owed:
                continue  # it is there again when it was paid back
            if exhausted_emergency:
                credit.become(CreditStatus.ENABLED)
                confirmed = False
            if not credit.usable:
                credit.become(CreditStatus.EXHAUSTED)
            elif in_use is not None:
                wanted = self._is_low(in_use) and credit.configured(REQUIRES_CONFIRMATION) and not confirmed
                credit.become(CreditStatus.SELECTABLE if wanted else CreditStatus.INVOKED if confirmed else CreditStatus.ENABLED)
            elif credit.configured(REQUIRES_CONFIRMATION) and not confirmed:
                credit.become(CreditStatus.SELECTABLE)
            else:
                if credit.credit_type == CreditType.EMERGENCY and not confirmed:
                    credit.put(credit.preset_credit_amount)
                credit.become(CreditStatus.IN_USE)
                in_use = credit
        return in_use

    def _is_low(self, in_use: Credit) -> bool:
        """Whether so little is left that the next credit is offered."""
        return bool(in_use.current_credit_amount <= self.next_credit_available_threshold)

    def _show(self, ordered: list[Credit], in_use: Credit | None) -> None:
        """The balances, and the bits of current_credit_status."""
        references = list(self.credit_reference_list)
        counted = [one for one in ordered if one.credit_status in {CreditStatus.INVOKED, CreditStatus.IN_USE}]
        available = sum(max(0, int(one.current_credit_amount)) for one in counted)
        statuses = [one.credit_status for one in ordered if one is not in_use]
        bits = (
            in_use is not None,
            in_use is not None and available <= self.low_credit_threshold,
            CreditStatus.ENABLED in statuses,
            CreditStatus.SELECTABLE in statuses,
            CreditStatus.INVOKED in statuses,
            in_use is not None and in_use.configured(REQUIRES_CONFIRMATION),
            in_use is None,
            False,
        )
        self._put(3, Data.unsigned(0 if in_use is None else references.index(in_use.obis) + 1))
        self._put(4, Data.bit_string("".join("1" if bit else "0" for bit in bits)))
        self._put(5, Data.double_long(min(available, DOUBLE_LONG[-1])))
        self._put(6, Data.double_long(min(sum(one.owed for one in ordered), DOUBLE_LONG[-1])))
        self._put(8, Data.double_long(min(sum(int(one.total_amount_remaining) for one in self.charges()), DOUBLE_LONG[-1])))

    def _put(self, number: int, value: Data) -> None:
        if self.stored(number) != value:
            self.store(number, value)

    def _supply(self, in_use: Credit | None) -> None:
        """Switch off without credit; let it be switched on again when there is enough."""
        for control in self.tree.of(DisconnectControlV0) if self.prepaid else ():
            state = control.control_state
            if in_use is None and state == ControlState.CONNECTED:
                self._try(control.local_disconnect)
            elif in_use is not None and state == ControlState.READY_FOR_RECONNECTION and self._cleared():
                self._try(control.local_reconnect)

    def _cleared(self) -> bool:
        return bool(self.available_credit >= self.clearance_threshold)

    @staticmethod
    def _try(switch: object) -> None:
        """A mode that does not know the switch leaves the supply as it is."""
        try:
            switch()  # type: ignore[operator]
        except ServiceError:
            return

    # --- charges and payments ------------------------------------------------------------------------------------------

    def take(self, charge: Obis, amount: int) -> int:
        """Take from the credits for a charge, by priority; what none of them has is a debt of the last one in use.

        Gives what was taken: nothing while the account is not active, or the configuration lets the charge take from no credit.
        """
        if self.state is not AccountStatus.ACTIVE:
            return 0
        left, last = amount, None
        while left:
            credit = next((one for one in self.credits() if self._may_take(one, charge)), None)
            if credit is None:
                break
            part = min(left, max(1, int(credit.current_credit_amount) - int(credit.limit)))
            credit.put(credit.current_credit_amount - part)
            left, last = left - part, credit
            self.settle()
        if left and last is not None:
            last.put(max(last.current_credit_amount - left, DOUBLE_LONG[0]))
            left = 0
            self.settle()
        return amount - left

    def _may_take(self, credit: Credit, charge: Obis) -> bool:
        if credit.credit_status != CreditStatus.IN_USE:
            return False
        configuration = self.credit_charge_configuration
        meant = [one for one in configuration if one.credit_reference == credit.obis and one.charge_reference == charge]
        if not configuration:
            return True
        disconnected = any(one.control_state != ControlState.CONNECTED for one in self.tree.of(DisconnectControlV0))
        return any(not disconnected or one.collection_configuration[0] for one in meant)

    def top_up(self, amount: int) -> None:
        """Distribute a payment. Raises ServiceError other-reason for an account that is not active, and for no amount."""
        if self.state is not AccountStatus.ACTIVE or amount <= 0 or amount not in DOUBLE_LONG:
            raise ServiceError(
                DataAccessResult.OTHER_REASON, "top_up", f"{amount} for an account that is {self.state.name.lower()}"
            )
        left = amount
        for credit in self.credits():
            part = min(left, credit.owed)
            if part:
                credit.put(credit.current_credit_amount + part)
                left -= part
        for charge in self.charges():
            if charge.charge_type == ChargeType.PAYMENT_EVENT_BASED:
                left -= charge.of_payment(amount, min(left, self._provision_left(charge)))
        self._distribute(left)
        self.settle()

    def _provision_left(self, charge: Charge) -> int:
        """What charges of payments may still take in this max_provision_period; without one, all."""
        if not self.max_provision or self.max_provision_period <= 0:
            return DOUBLE_LONG[-1]
        now = self.tree.utc_now()
        since, taken = self._provided
        if since is None or now is None or not _NO_TIME <= now - since < timedelta(seconds=self.max_provision_period):
            since, taken = now, 0
        left = max(0, int(self.max_provision) - taken)
        due = min(left, int(charge.total_amount_remaining)) if not charge.charge_configuration[1] else left
        self._provided = since, taken + due
        return left

    def _distribute(self, amount: int) -> None:
        """Give the credits their proportions, the last one the rest; without a configuration the first token credit all."""
        known = {one.obis: one for one in self.credits()}
        shares = [
            (known[one.credit_reference], int(one.token_proportion))
            for one in self.token_gateway_configuration
            if one.credit_reference in known
        ] or [(one, ALL_OF_A_TOKEN) for one in known.values() if one.credit_type == CreditType.TOKEN][:1]
        if not shares:
            raise ServiceError(DataAccessResult.OTHER_REASON, "top_up", "no credit takes tokens")
        whole, left = sum(share for _, share in shares), amount
        for at, (credit, share) in enumerate(shares, 1):
            part = left if at == len(shares) else amount * share // max(whole, 1)
            credit.put(credit.current_credit_amount + part)
            left -= part

    # --- by the clock --------------------------------------------------------------------------------------------------

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """Activation or closure, if their times are still to come."""
        times = [_moment(written, rules) for written in (self.account_activation_time, self.account_closure_time)]
        return min((moment for moment in times if moment is not None and moment > after), default=None)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """Activate or close, as far as the status allows."""
        rules = local_time_of(self.tree)
        if _moment(self.account_activation_time, rules) == moment and self.state is AccountStatus.NEW:
            self.activate_account()
        if _moment(self.account_closure_time, rules) == moment and self.state is AccountStatus.ACTIVE:
            self.close_account()


def _moment(written: CosemDateTime, rules: LocalTime) -> datetime | None:
    try:
        return rules.to_utc(written.to_datetime())
    except (DecodeError, OverflowError):
        return None
