"""Interface class 112, Credit (Blue Book 4.6.3): an amount that charges take from, with its priority and its status.

Which credit is in use is decided by the account that lists it: see `dlmskit.cosem.classes.account`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum

from dlmskit.codec.data import Data
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import DATE_TIME
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.moments import following
from dlmskit.cosem.payment import DOUBLE_LONG, settle_accounts
from dlmskit.cosem.timebound import TimeBound, next_moment
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.enums import DataAccessResult


class CreditType(IntEnum):
    """credit_type."""

    TOKEN = 0
    RESERVED = 1
    EMERGENCY = 2
    TIME_BASED = 3
    CONSUMPTION_BASED = 4


class CreditStatus(IntEnum):
    """credit_status."""

    ENABLED = 0
    SELECTABLE = 1
    INVOKED = 2
    IN_USE = 3
    EXHAUSTED = 4


REQUIRES_CONFIRMATION, TO_BE_PAID_BACK, RESETTABLE = 1, 2, 3
"""Bits of credit_configuration."""


class Credit(TimeBound, InterfaceClass, class_id=112, version=0, name="Credit"):
    """Amounts are in the currency of the account, scaled; ``period`` is a pattern at which the preset amount is given anew."""

    current_credit_amount = attribute(2, "double-long", dynamic=True)
    credit_type = attribute(
        3, "enum{0=token_credit,1=reserved_credit,2=emergency_credit,3=time_based_credit,4=consumption_based_credit}"
    )
    priority = attribute(4, "unsigned", writable=True)
    warning_threshold = attribute(5, "double-long", writable=True)
    limit = attribute(6, "double-long", writable=True)
    credit_configuration = attribute(7, "bit-string(5)", writable=True)
    credit_status = attribute(8, "enum{0=enabled,1=selectable,2=selected_invoked,3=in_use,4=exhausted}", dynamic=True)
    preset_credit_amount = attribute(9, "double-long", writable=True)
    credit_available_threshold = attribute(10, "double-long", writable=True)
    period = attribute(11, DATE_TIME, writable=True)
    timetable = (11,)

    @method(1, "double-long")
    def update_amount(self, amount: int) -> None:
        """Add to the amount, or take from it; other-reason where it would not fit."""
        self.put(self.current_credit_amount + amount)
        settle_accounts(self.tree)

    @method(2, "double-long", "double-long")
    def set_amount_to_value(self, amount: int) -> int:
        """Set the amount; gives the one before."""
        before: int = self.current_credit_amount
        self.put(amount)
        settle_accounts(self.tree)
        return before

    @method(3)
    def invoke_credit(self) -> None:
        """Confirm a credit that waits for it; other-reason for any other."""
        if self.stored(8).value != CreditStatus.SELECTABLE:
            raise ServiceError(DataAccessResult.OTHER_REASON, "invoke_credit", "the credit is not selectable now")
        if self.stored(3).value == CreditType.EMERGENCY:
            self.put(self.preset_credit_amount)
        self.become(CreditStatus.INVOKED)
        settle_accounts(self.tree)

    # --- for the account -----------------------------------------------------------------------------------------------

    def configured(self, bit: int) -> bool:
        """A bit of credit_configuration."""
        return bool(self.credit_configuration[bit])

    @property
    def usable(self) -> bool:
        """Whether there is an amount above the limit, or will be once an emergency credit is invoked."""
        waiting = self.stored(3).value == CreditType.EMERGENCY and self.stored(8).value <= CreditStatus.SELECTABLE
        amount: int = self.preset_credit_amount if waiting else self.current_credit_amount
        return bool(amount > self.limit)

    @property
    def owed(self) -> int:
        """What a top-up has to pay back first: what is below zero, and the used part of a credit that is to be paid back."""
        amount: int = self.current_credit_amount
        if self.configured(TO_BE_PAID_BACK) and self.stored(8).value >= CreditStatus.INVOKED:
            return max(0, int(self.preset_credit_amount) - amount)
        return max(0, -amount)

    def put(self, amount: int) -> None:
        """Set the amount; ServiceError other-reason where it does not fit."""
        if amount not in DOUBLE_LONG:
            raise ServiceError(DataAccessResult.OTHER_REASON, "current_credit_amount", f"{amount} is too much")
        self.store(2, Data.double_long(amount))

    def become(self, status: CreditStatus) -> None:
        """Change the status, if it is another one."""
        if self.stored(8).value != status:
            self.store(8, Data.enum(status))

    # --- by the clock --------------------------------------------------------------------------------------------------

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The next moment of the period; nothing specified: never."""
        octets = self.period.octets
        if octets[:9] == CosemDateTime.of().octets[:9]:
            return None
        on, at = CosemDate(octets[:5]), CosemTime(octets[5:9])
        return next_moment(lambda local: following(at, on, local), after, rules)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """Give the preset amount anew."""
        self.put(self.preset_credit_amount)
        self.become(CreditStatus.ENABLED)
        settle_accounts(self.tree)
