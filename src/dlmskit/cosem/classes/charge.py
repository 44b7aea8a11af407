"""Interface class 113, Charge (Blue Book 4.6.4): what is taken from the credits, for consumption, for time, or of each payment.

The price is charge_per_unit * 10 ** price_scale for each 10 ** commodity_scale units of the commodity; what is smaller than the
smallest amount is kept for the next collection. What the commodity showed then is kept too, so that what was consumed since is
collected after a power cut, if the commodity itself has survived it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import IntEnum
from fractions import Fraction
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import DATE_TIME, VALUE_DEFINITION
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.payment import DOUBLE_LONG, accounts
from dlmskit.cosem.timebound import TimeBound, local_time_of, next_of_period
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

PRICES = "array<structure{index:octet-string,charge_per_unit:long}>"
UNIT_CHARGE = (
    "structure{charge_per_unit_scaling:structure{commodity_scale:integer,price_scale:integer},"
    f"commodity_reference:{VALUE_DEFINITION},charge_table:{PRICES}}}"
)
TARIFF_IN_USE = Obis("0.0.96.14.0.255")
"""The Data object whose value is the index of the price in force."""
PERCENTAGE, CONTINUOUS = 0, 1
"""Bits of charge_configuration."""
WHOLE = 10_000
"""proportion that means all of a payment."""


class ChargeType(IntEnum):
    """charge_type."""

    CONSUMPTION_BASED = 0
    TIME_BASED = 1
    PAYMENT_EVENT_BASED = 2


class Charge(TimeBound, InterfaceClass, class_id=113, version=0, name="Charge"):
    """A charge and its prices, active and passive; ``period`` is in s, ``proportion`` in 1/10000."""

    total_amount_paid = attribute(2, "double-long", dynamic=True)
    charge_type = attribute(3, "enum{0=consumption_based_collection,1=time_based_collection,2=payment_event_based_collection}")
    priority = attribute(4, "unsigned", writable=True)
    unit_charge_active = attribute(5, UNIT_CHARGE)
    unit_charge_passive = attribute(6, UNIT_CHARGE, writable=True)
    unit_charge_activation_time = attribute(7, DATE_TIME, writable=True)
    period = attribute(8, "double-long-unsigned", writable=True)
    charge_configuration = attribute(9, "bit-string(2)", writable=True)
    last_collection_time = attribute(10, "date-time", dynamic=True)
    last_collection_amount = attribute(11, "double-long", dynamic=True)
    total_amount_remaining = attribute(12, "double-long", dynamic=True)
    proportion = attribute(13, "long-unsigned", writable=True, within=(0, WHOLE))
    timetable = (7, 8)
    on_counted: Callable[[str], None] | None = None
    """Told of `counted` whenever it changes: to be kept, and given to `resume` after a power cut."""

    def __init__(self, logical_name: Obis | str, /, **values: object) -> None:
        super().__init__(logical_name, **values)
        self._counted: Fraction | None = None
        """The commodity at the last collection; None before it was seen."""
        self._rest = Fraction(0)

    @property
    def counted(self) -> str:
        """What the commodity showed at the last collection, and what was too small to be collected, as fractions."""
        return f"{'' if self._counted is None else self._counted} {self._rest}"

    def resume(self, counted: str) -> None:
        """Go on from what was kept: what was consumed since is collected with the next collection."""
        before, _, rest = counted.partition(" ")
        self._counted, self._rest = Fraction(before) if before else None, Fraction(rest)

    def _keep(self, counted: Fraction | None, rest: Fraction) -> None:
        if (counted, rest) != (self._counted, self._rest):
            self._counted, self._rest = counted, rest
            if self.on_counted is not None:
                self.on_counted(self.counted)

    @method(1, PRICES)
    def update_unit_charge(self, prices: Any) -> None:
        """Change prices of the passive unit charge; a new index is a new price."""
        passive, changed = self.unit_charge_passive, {one.index: one for one in prices}
        table = [changed.pop(one.index, one) for one in passive.charge_table]
        self.unit_charge_passive = passive._replace(charge_table=[*table, *changed.values()])

    @method(2)
    def activate_passive_unit_charge(self) -> None:
        """Collect what is due at the old price, then go on at the new one."""
        self._collect_consumption()
        self.store(5, self.stored(6))

    @method(3)
    def collect(self) -> None:
        """Collect now; other-reason for a charge of payments, which is collected with each of them."""
        if self.stored(3).value == ChargeType.PAYMENT_EVENT_BASED:
            raise ServiceError(DataAccessResult.OTHER_REASON, "collect", "collected with each payment")
        self._collect_due()

    @method(4, "double-long")
    def update_total_amount_remaining(self, amount: int) -> None:
        """Add to what remains to be paid, or take from it."""
        self._owe(self.total_amount_remaining + amount)

    @method(5, "double-long", "double-long")
    def set_total_amount_remaining(self, amount: int) -> int:
        """Set what remains to be paid; gives the amount before."""
        before: int = self.total_amount_remaining
        self._owe(amount)
        return before

    def _owe(self, amount: int) -> None:
        if amount not in DOUBLE_LONG:
            raise ServiceError(DataAccessResult.OTHER_REASON, "total_amount_remaining", f"{amount} is too much")
        self.store(12, Data.double_long(amount))

    # --- collecting ----------------------------------------------------------------------------------------------------

    def of_payment(self, amount: int, most: int) -> int:
        """What this charge takes of a payment, at most ``most``: it is collected with that."""
        due = amount * self.proportion // WHOLE if self.charge_configuration[PERCENTAGE] else int(self._price())
        return self._book(self._bounded(min(due, most)))

    def _collect_due(self) -> None:
        if self.stored(3).value == ChargeType.CONSUMPTION_BASED:
            self._collect_consumption()
        elif self.stored(3).value == ChargeType.TIME_BASED:
            self._collect(self._price())

    def _collect_consumption(self) -> None:
        if self.stored(3).value != ChargeType.CONSUMPTION_BASED:
            return
        now = self._commodity()
        before = self._counted
        self._keep(now, self._rest)
        if now is not None and before is not None and now > before:
            scale = self.unit_charge_active.charge_per_unit_scaling.commodity_scale
            self._collect((now - before) / Fraction(10) ** scale * self._price())

    def _collect(self, due: Fraction) -> None:
        """Take what is due from the accounts; what they do not take is owed on, what is too small is kept."""
        whole = int(due + self._rest)
        self._keep(self._counted, due + self._rest - whole)
        amount = self._bounded(whole)
        for account in accounts(self.tree):
            if amount and account.lists(self.obis):
                self._book(account.take(self.obis, amount))
                return

    def _bounded(self, amount: int) -> int:
        """Without continuous collection, no more than what remains."""
        return amount if self.charge_configuration[CONTINUOUS] else max(0, min(amount, int(self.total_amount_remaining)))

    def _book(self, amount: int) -> int:
        """Note a collection."""
        if amount:
            self.total_amount_paid = min(self.total_amount_paid + amount, DOUBLE_LONG[-1])
            self.last_collection_amount = amount
            self.last_collection_time = self.now()
            self.store(12, Data.double_long(max(0, self.total_amount_remaining - amount)))
        return amount

    def _price(self) -> Fraction:
        """The price in force, in amounts of the account; 0 where there is none."""
        unit = self.unit_charge_active
        prices = {bytes(one.index): one.charge_per_unit for one in unit.charge_table}
        index = self._tariff()
        first: int = next(iter(prices.values()), 0)
        price: int = first if index is None else prices.get(index, first)
        scale = next((one.currency_scale for one in accounts(self.tree) if one.lists(self.obis)), 0)
        return price * Fraction(10) ** int(unit.charge_per_unit_scaling.price_scale - scale)

    def _tariff(self) -> bytes | None:
        try:
            value = self.tree.get(1, TARIFF_IN_USE).get(2).value
        except ServiceError:
            return None
        return value.encode() if isinstance(value, str) else bytes(value) if isinstance(value, bytes) else bytes((value,))

    def _commodity(self) -> Fraction | None:
        """What the commodity shows, in its unit; None where it cannot be read."""
        class_id, logical_name, number = self.unit_charge_active.commodity_reference
        try:
            one = self.tree.get(class_id, logical_name)
            value = one.get(number).value
            scaler = one.get(3).elements()[0].value if class_id in {3, 4} else 0
        except (ServiceError, DecodeError):
            return None
        return Fraction(value) * Fraction(10) ** scaler if isinstance(value, int) else None

    # --- by the clock --------------------------------------------------------------------------------------------------

    def placed(self, tree: ObjectTree | None) -> None:
        """From now on consumption counts; what was counted before is nobody's debt."""
        super().placed(tree)
        self._counted = None

    @unit_charge_activation_time.writer
    def _write_activation_time(self, value: Data, request: Request) -> None:
        """A time that is past activates at once."""
        self.store(7, value)
        moment, now = self._activation(local_time_of(self.tree)), self.tree.utc_now()
        if moment is not None and now is not None and moment <= now:
            self.activate_passive_unit_charge()

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The next collection, or the activation of the passive prices."""
        payment = self.stored(3).value == ChargeType.PAYMENT_EVENT_BASED
        moments = None if payment else next_of_period(self.period, after, rules), self._activation(rules)
        return min((moment for moment in moments if moment is not None and moment > after), default=None)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """Take the passive prices if their time has come, else collect what is due."""
        if self._activation(local_time_of(self.tree)) == moment:
            self.activate_passive_unit_charge()
        else:
            self._collect_due()

    def _activation(self, rules: LocalTime) -> datetime | None:
        written: CosemDateTime = self.unit_charge_activation_time
        try:
            return rules.to_utc(written.to_datetime())
        except (DecodeError, OverflowError):
            return None
