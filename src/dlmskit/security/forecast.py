"""When a key will be used up: the rate at which its invocation counter moves, and what is left of it.

The time is told, not asked: whoever watches calls `at` now and then, with seconds of any clock that only goes forward.
"""

from __future__ import annotations

from typing import NamedTuple

from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import TransmitCounters


class CounterWear(NamedTuple):
    """How far one counter is, and how long it lasts."""

    counter_id: str
    """Fingerprint of the key and system title."""
    next: int
    remaining: int
    """Numbers left; at 0 the key protects nothing more."""
    per_second: float
    """Numbers used per second since the counter was first watched; numbers lost in a crash count as used."""
    seconds_left: float | None
    """At this rate; None where nothing was used while it was watched."""

    @property
    def used(self) -> float:
        """The part that is used up, 0 to 1."""
        return 1 - self.remaining / (COUNTER_MAX + 1)


class WearForecast:
    """Watches the counters of one party."""

    def __init__(self, counters: TransmitCounters) -> None:
        self._counters = counters
        self._first: dict[str, tuple[float, int]] = {}

    def at(self, now: float) -> tuple[CounterWear, ...]:
        """Every counter in use, the one that lasts shortest first."""
        wears = [self._of(counter_id, counter.next or 0, now) for counter_id, counter in self._counters.in_use.items()]
        return tuple(sorted(wears, key=lambda wear: (wear.seconds_left is None, wear.seconds_left or 0.0, wear.remaining)))

    def _of(self, counter_id: str, upcoming: int, now: float) -> CounterWear:
        return wear_since(counter_id, upcoming, now, *self._first.setdefault(counter_id, (now, upcoming)))


def wear_since(counter_id: str, upcoming: int, now: float, since: float, first: int) -> CounterWear:
    """The wear of a counter that was at `first` at the time `since`, and is at `upcoming` now."""
    remaining = max(COUNTER_MAX + 1 - upcoming, 0)
    rate = (upcoming - first) / (now - since) if now > since else 0.0
    return CounterWear(counter_id, upcoming, remaining, rate, remaining / rate if rate > 0 else None)
