"""When a key is used up: rate, what is left, and the order in which keys must be changed."""

from __future__ import annotations

import pytest

from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.forecast import WearForecast
from dlmskit.security.keys import Key, KeyRole
from tests.security.parties import CLIENT, SERVER

SLOW, FAST = Key(bytes(range(16))), Key(bytes(range(1, 17)), KeyRole.GBEK)


@pytest.mark.case("R-052")
def test_the_rate_and_what_is_left() -> None:
    counters = TransmitCounters(MemoryCounterStore())
    slow, fast = counters.of(SLOW, CLIENT), counters.of(FAST, CLIENT)
    forecast = WearForecast(counters)
    assert [(wear.next, wear.per_second, wear.seconds_left) for wear in forecast.at(100.0)] == [(0, 0.0, None)] * 2
    for _ in range(10):
        slow.take()
    for _ in range(1000):
        fast.take()
    first, second = forecast.at(110.0)
    assert (first.next, first.per_second, first.remaining) == (1000, 100.0, COUNTER_MAX + 1 - 1000)
    assert (second.next, second.per_second) == (10, 1.0)
    assert first.seconds_left == (COUNTER_MAX + 1 - 1000) / 100
    assert first.counter_id == f"{FAST.fingerprint}:{CLIENT}"
    assert 0 < second.used < first.used < 1e-6


@pytest.mark.case("R-052")
def test_at_the_end() -> None:
    counters = TransmitCounters(MemoryCounterStore(), block=1)
    counter = counters.of(SLOW, SERVER)
    counter.advance_to(COUNTER_MAX, largest_jump=COUNTER_MAX)
    forecast = WearForecast(counters)
    (wear,) = forecast.at(0.0)
    assert (wear.remaining, counter.remaining) == (1, 1)
    counter.take()
    (wear,) = forecast.at(1.0)
    assert (wear.remaining, wear.seconds_left, wear.used, counter.remaining) == (0, 0.0, 1.0, 0)


def test_nothing_was_used() -> None:
    assert WearForecast(TransmitCounters(MemoryCounterStore())).at(0.0) == ()


def test_a_clock_that_stands_still() -> None:
    counters = TransmitCounters(MemoryCounterStore())
    counter, forecast = counters.of(SLOW, CLIENT), WearForecast(counters)
    forecast.at(5.0)
    counter.take()
    assert forecast.at(5.0)[0].seconds_left is None
