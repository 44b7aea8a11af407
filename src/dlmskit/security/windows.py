"""Invocation counters on the way in: the lowest one that is still accepted, per key and sender (Green Book, 9.2.3.3.7.3).

The order is the guard: look at the counter, verify the tag, only then move the window. A forged message moves nothing, a
repeated one is refused, a gap is allowed. What must survive a restart goes to a store that is passed in.
"""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.counters import counter_name
from dlmskit.security.keys import Key
from dlmskit.types.system_title import SystemTitle


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
    """The windows of one party: one for each key and sender, however many associations share them."""

    def __init__(self, store: WindowStore | None = None) -> None:
        self._store = store
        self._windows: dict[str, ReceiveWindow] = {}

    def of(self, key: Key, peer_title: SystemTitle) -> ReceiveWindow:
        """The window of this sender under this key; the same object every time."""
        window_id = counter_name(key, peer_title)
        window = self._windows.get(window_id)
        if window is None:
            window = self._windows.setdefault(window_id, ReceiveWindow(window_id, self._store))
        return window
