"""Interface class 5, Demand register (Blue Book 4.3.4): averages over a block or sliding window of time.

The device counts into it with `add`; periods end on the grid of the clock, or by `next_period`. While the device was off nothing
was consumed that it knows of.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import AVERAGE_VALUE, DATE_TIME, NO_SCALER_UNIT, SCALER_UNIT, STATUS
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.timebound import TimeBound, next_of_period
from dlmskit.errors import EncodeError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis


class DemandRegister(TimeBound, InterfaceClass, class_id=5, version=0, name="Demand register", methods_at=0x48):
    """Average demand; ``number_of_periods`` 1 is block demand, more a sliding window with step ``period`` (seconds)."""

    current_average_value = attribute(2, AVERAGE_VALUE, dynamic=True)
    last_average_value = attribute(3, AVERAGE_VALUE, dynamic=True)
    scaler_unit = attribute(4, SCALER_UNIT, default=NO_SCALER_UNIT)
    status = attribute(5, STATUS, dynamic=True)
    capture_time = attribute(6, DATE_TIME, dynamic=True)
    start_time_current = attribute(7, DATE_TIME, dynamic=True)
    period = attribute(8, "double-long-unsigned")
    number_of_periods = attribute(9, "long-unsigned", default=1)
    timetable = (8,)

    def __init__(self, logical_name: Obis | str, /, **values: object) -> None:
        super().__init__(logical_name, **values)
        self._window: deque[tuple[CosemDateTime, float]] = deque([(CosemDateTime.of(), 0)])
        """Start and amount of each period in the window; the last one is running."""

    def add(self, amount: float) -> None:
        """Count what was consumed: in the unit of the averages (scaler included) times seconds."""
        start, before = self._window.pop()
        self._window.append((start, before + amount))
        self.store(2, self._average())

    @method(1)
    def reset(self) -> None:
        """Clear both averages and begin the window anew; both times are the time of the reset."""
        self.clear(2)
        self.clear(3)
        now = self.now()
        self._window = deque([(now, 0)])
        self.capture_time = self.start_time_current = now

    @method(2)
    def next_period(self) -> None:
        """Close the running period, as at its regular end: the window's average becomes the last one, and moves a step."""
        self.store(3, self._average())
        now = self.now()
        self.capture_time = now
        if len(self._window) >= self.number_of_periods:
            self._window.popleft()
        self._window.append((now, 0))
        self.start_time_current = self._window[0][0]
        self.store(2, self._average())

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The next end of a period."""
        return next_of_period(self.period, after, rules)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """The period is over."""
        self.next_period()

    def _average(self) -> Data:
        seconds = self.period * self.number_of_periods
        if not seconds:
            raise ServiceError(DataAccessResult.OTHER_REASON, "period", "an average needs a period")
        average = sum(amount for _, amount in self._window) / seconds
        as_float = self.stored(2).tag in {Tag.FLOAT32, Tag.FLOAT64}
        try:
            return self.to_data(self.attributes[2], average if as_float else round(average))
        except EncodeError as error:  # the type that the device chose is a string, or too narrow
            raise ServiceError(DataAccessResult.OTHER_REASON, "current_average_value", str(error)) from error
