"""Invocation counters that a simulated meter can forget, as one does whose memory is broken.

The guard in `dlmskit.security` has no switch: it trusts the stores that it is given, and here is a store that stops telling the
truth when a fault says so. Beneath it the true numbers are kept and go on rising, so that the loss ends with the fault, or with
the process. Only the simulator makes such stores.
"""

from __future__ import annotations

from collections.abc import Callable

from dlmskit.security.counters import CounterStore, MemoryCounterStore, counter_name
from dlmskit.security.keys import Key
from dlmskit.security.windows import ReceivedCounters, ReceiveWindow
from dlmskit.server import Database, Device
from dlmskit.server.storage import StoredCounters
from dlmskit.server.windows import MemoryWindows
from dlmskit.types.system_title import SystemTitle


class _Counters:
    """A `CounterStore` that can forget what it gave: then it gives the same numbers again."""

    def __init__(self, kept: CounterStore) -> None:
        self._kept = kept
        self.since: MemoryCounterStore | None = None
        """Numbers given since it forgot; None as long as it remembers."""

    def reserve(self, counter_id: str, count: int, at_least: int = 0) -> int:
        """See `CounterStore.reserve`. The true numbers are never below those that are given here."""
        if self.since is None:
            return self._kept.reserve(counter_id, count, at_least)
        first = self.since.reserve(counter_id, count, at_least)
        missing = first + count - (self._kept.next_unreserved(counter_id) or 0)
        if missing > 0:
            self._kept.reserve(counter_id, missing)
        return first

    def next_unreserved(self, counter_id: str) -> int | None:
        """See `CounterStore.next_unreserved`."""
        return (self._kept if self.since is None else self.since).next_unreserved(counter_id)


class _Windows(MemoryWindows):
    """Received counters that can be forgotten; the true ones are ``kept``."""

    def __init__(self, kept: MemoryWindows) -> None:
        super().__init__()
        self.kept = kept
        self.forgotten = False

    def forget(self) -> None:
        self._lowest.clear()
        self.forgotten = True

    def lowest_acceptable(self, window_id: str) -> int:
        return super().lowest_acceptable(window_id) if self.forgotten else self.kept.lowest_acceptable(window_id)

    def raise_to(self, window_id: str, lowest: int) -> None:
        self.kept.raise_to(window_id, lowest)
        if self.forgotten:
            super().raise_to(window_id, lowest)

    def highest(self, fingerprint: str) -> int:
        return super().highest(fingerprint) if self.forgotten else self.kept.highest(fingerprint)

    def close(self) -> None:
        self.kept.close()


class _Received(ReceivedCounters):
    """Windows that follow their store when it forgets, those of open associations too."""

    def __init__(self, store: _Windows, begins_at: int) -> None:
        super().__init__(store, begins_at=begins_at)
        self._source = store
        self._fresh_keys = ReceivedCounters(store)
        """For keys that come with messages."""
        self._given: dict[str, tuple[ReceiveWindow, int]] = {}

    def of(self, key: Key, peer_title: SystemTitle) -> ReceiveWindow:
        """See `ReceivedCounters.of`."""
        return self._noted(counter_name(key, peer_title), super().of(key, peer_title))

    def transactions(self, originator: SystemTitle) -> ReceiveWindow:
        """See `ReceivedCounters.transactions`."""
        return self._noted(f"transaction:{originator}", super().transactions(originator))

    def fresh(self, key: Key, originator: SystemTitle) -> ReceiveWindow:
        """See `ReceivedCounters.fresh`."""
        return self._fresh_keys.fresh(key, originator)

    def _noted(self, name: str, window: ReceiveWindow) -> ReceiveWindow:
        if name not in self._given:
            self._given[name] = window, window.lowest_acceptable
            if self._source.forgotten:
                window.lowest_acceptable = 0
        return window

    def follow(self) -> None:
        """The store has forgotten, or remembers again."""
        self._fresh_keys = ReceivedCounters(self._source)
        for name, (window, began) in self._given.items():
            true = max(began, self._source.kept.lowest_acceptable(name))
            window.lowest_acceptable = 0 if self._source.forgotten else true


class CounterMemory:
    """What a simulated meter knows of its counters. ``make`` makes the device, which has no clients yet, with these counters."""

    def __init__(self, database: Database, make: Callable[[CounterStore], Device]) -> None:
        self._counters = _Counters(StoredCounters(database))
        self.device = make(self._counters)
        self._windows = _Windows(self.device.windows)
        self._received = _Received(self._windows, database.lowest)
        self.device.windows, self.device.received = self._windows, self._received

    @property
    def forgot_received(self) -> bool:
        """Whether it takes messages again that it took before."""
        return self._windows.forgotten

    @property
    def forgot_sent(self) -> bool:
        """Whether it sends under numbers that it sent under before."""
        return self._counters.since is not None

    def forget_received(self) -> None:
        """Begin at 0 with what clients send."""
        self._windows.forget()
        self._received.follow()

    def forget_sent(self) -> None:
        """Begin at 0 with what is sent, under the same keys: NONCES ARE USED TWICE from now on."""
        self._counters.since = MemoryCounterStore()
        self._reserve_anew()

    def recall(self) -> None:
        """Know again what was forgotten. What was sent under a number twice stays sent."""
        self._windows.forgotten = False
        self._received.follow()
        self._counters.since = None
        self._reserve_anew()

    def _reserve_anew(self) -> None:
        """Leave every block that was reserved before, as a child process does: the store has changed beneath it."""
        for counter in self.device.transmit.in_use.values():
            counter.after_fork()
