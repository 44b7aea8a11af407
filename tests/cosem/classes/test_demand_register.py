"""Block demand and sliding window, worked by hand."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.demand_register import DemandRegister
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ServiceError
from tests.cosem.peers import StandingClock


def demand(periods: int, clock: StandingClock | None = None) -> DemandRegister:
    """Watts over periods of 900 s; a constant power p counts p * 900 in each."""
    zero = Data.double_long_unsigned(0)
    one = DemandRegister(
        "1.0.1.4.0.255",
        current_average_value=zero,
        last_average_value=zero,
        scaler_unit=(0, 27),
        period=900,
        number_of_periods=periods,
    )
    return ObjectTree(clock=clock or StandingClock()).add(one)


def test_block_demand_grows_and_is_closed() -> None:
    clock = StandingClock()
    one = demand(1, clock)
    one.reset()
    one.add(1000 * 450)
    assert one.current_average_value == 500
    one.add(1000 * 450)
    assert (one.current_average_value, one.last_average_value) == (1000, 0)
    clock.forward(minutes=15)
    one.action(2, Data.integer(0))
    assert (one.get(2), one.get(3)) == (Data.double_long_unsigned(0), Data.double_long_unsigned(1000))
    assert one.capture_time == one.start_time_current
    assert str(one.capture_time) == "2024-01-15 12:15:00 +00:00"


def test_a_sliding_window_moves_by_one_period() -> None:
    clock = StandingClock()
    one = demand(3, clock)
    one.reset()
    lasts = []
    for power in (900, 300, 600, 0, 0, 0):
        one.add(power * 900)
        clock.forward(minutes=15)
        one.next_period()
        lasts.append(one.last_average_value)
    assert lasts == [300, 400, 600, 300, 200, 0]
    assert str(one.start_time_current) == "2024-01-15 13:00:00 +00:00"
    assert str(one.capture_time) == "2024-01-15 13:30:00 +00:00"


def test_reset_forgets_the_window() -> None:
    one = demand(3)
    one.add(900 * 900)
    one.next_period()
    one.action(1, Data.integer(0))
    assert (one.current_average_value, one.last_average_value) == (0, 0)
    one.next_period()
    assert one.last_average_value == 0


def test_without_a_period_there_is_no_average() -> None:
    one = DemandRegister("1.0.1.4.0.255")
    with pytest.raises(ServiceError):
        one.add(1)


def test_a_type_that_holds_no_average() -> None:
    one = DemandRegister("1.0.1.4.0.255", current_average_value=Data.integer(0), period=1)
    one.add(127)
    with pytest.raises(ServiceError):
        one.add(1)
    assert one.current_average_value == 127
