"""Invocation counters on the way in: the lowest one that is still accepted, per key and sender (Green Book, 9.2.3.3.7.3).

The order is the guard: look at the counter, verify the tag, only then move the window. A forged message moves nothing, a
repeated one is refused, a gap is allowed. What must survive a restart goes to a store that is passed in.
"""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import counter_name
from dlmskit.security.keys import Key
from dlmskit.types.system_title import SystemTitle

FRESH_KEYS_KEPT = 1 << 16
"""Keys out of messages whose windows are kept in memory, some 10 MB. Without a store behind it, no more are accepted."""


class WindowStore(Protocol):
    """Keeps the lowest acceptable counter of every sender. Safe for all threads and processes that share it."""

    def lowest_acceptable(self, window_id: str) -> int:
        """The lowest counter still accepted; 0 for a sender that was never heard."""
        ...

    def raise_to(self, window_id: str, lowest: int) -> None:
        """Put away that nothing below `lowest` is accepted any more, before returning. Never lowers it."""
        ...


class ReceiveWindow:
    """What one sender may still use under one key."""

    __slots__ = ("_id", "_lock", "_store", "lowest_acceptable")

    def __init__(self, window_id: str = "", store: WindowStore | None = None) -> None:
        self._id = window_id
        self._store = store
        self._lock = Lock()
        self.lowest_acceptable = store.lowest_acceptable(window_id) if store is not None else 0

    def check(self, invocation_counter: int) -> None:
        """Refuse a counter that was used before, or one below. Raises `SecurityError` (counter-repeated). Moves nothing."""
        if invocation_counter < self.lowest_acceptable:
            message = f"{invocation_counter} came, {self.lowest_acceptable} is the lowest that is accepted"
            raise SecurityError(SecurityReason.COUNTER_REPEATED, message)

    def accept(self, invocation_counter: int) -> int:
        """Move behind a counter whose message was verified, durably; returns how many counters were left out.

        Checks again, so that of two threads with the same message only one gets past. Raises as `check`.
        """
        self._lock.acquire()  # half the time of a with block, on the path of every received APDU
        try:
            gap = invocation_counter - self.lowest_acceptable
            if gap < 0:
                self.check(invocation_counter)
            if self._store is not None:
                self._store.raise_to(self._id, invocation_counter + 1)
            self.lowest_acceptable = invocation_counter + 1
        finally:
            self._lock.release()
        return gap


class ReceivedCounters:
    """The windows of one party: one for each key and sender, however many associations share them.

    ``start_gap``: how far behind its store every window goes on, where the store may be a restored backup; what was received
    since would otherwise be taken a second time. An honest sender is then told the number to go on with. ``begins_at``: where the
    windows of senders begin that the store has never heard of, for the same reason.
    """

    def __init__(self, store: WindowStore | None = None, *, start_gap: int = 0, begins_at: int = 0) -> None:
        if not 0 <= start_gap <= COUNTER_MAX:
            raise ConfigError(f"a start-up gap has 0 to {COUNTER_MAX} numbers, not {start_gap}")
        self._store = store
        self._gap = start_gap
        self._begins_at = begins_at
        self._windows: dict[str, ReceiveWindow] = {}
        self._fresh = _FreshWindows(store)

    def of(self, key: Key, peer_title: SystemTitle) -> ReceiveWindow:
        """The window of this sender under this key; the same object every time."""
        return self._named(counter_name(key, peer_title), self._gap, self._begins_at)

    def transactions(self, originator: SystemTitle) -> ReceiveWindow:
        """The transaction ids that this originator may still use, where nothing else tells a repetition."""
        return self._named(f"transaction:{originator}", self._gap)

    def fresh(self, key: Key, originator: SystemTitle) -> ReceiveWindow:
        """The window under a key that a message brings along. It is remembered once a message under it was accepted.

        So a key that is introduced again goes on where it was, and forged messages leave nothing behind.
        """
        return ReceiveWindow(counter_name(key, originator), self._fresh)

    def _named(self, window_id: str, gap: int, begins_at: int = 0) -> ReceiveWindow:
        window = self._windows.get(window_id)
        if window is None:
            window = ReceiveWindow(window_id, self._store)
            window.lowest_acceptable = max(window.lowest_acceptable + gap, begins_at)
            window = self._windows.setdefault(window_id, window)
        return window


class _FreshWindows:
    """Windows of keys that came with messages: the last ones in memory, all of them in the store where there is one."""

    def __init__(self, store: WindowStore | None) -> None:
        self._store = store
        self._lowest: dict[str, int] = {}
        self._lock = Lock()

    def lowest_acceptable(self, window_id: str) -> int:
        known = self._lowest.get(window_id)
        if known is not None:
            return known
        return self._store.lowest_acceptable(window_id) if self._store is not None else 0

    def raise_to(self, window_id: str, lowest: int) -> None:
        """Two associations may hold a window of the same key each: the one that comes second with a number is refused here."""
        with self._lock:
            if lowest <= self.lowest_acceptable(window_id):
                raise SecurityError(SecurityReason.COUNTER_REPEATED, f"{lowest - 1} was used under this key already")
            if window_id not in self._lowest and len(self._lowest) >= FRESH_KEYS_KEPT:
                self._make_room()
            if self._store is not None:
                self._store.raise_to(window_id, lowest)
            self._lowest[window_id] = lowest

    def _make_room(self) -> None:
        if self._store is None:
            message = f"{FRESH_KEYS_KEPT} keys came with messages; there is no store for the windows of more"
            raise SecurityError(SecurityReason.UNSUPPORTED, message)
        del self._lowest[next(iter(self._lowest))]
