"""Invocation counters on the way out: a resource that is persisted before it is used (security header, Green Book 9.2.3.3.7.3).

Key, system title and counter make the IV of AES-GCM, which must never repeat. So a counter hands out only numbers of a
block that its store has put away already: after a crash the rest of the block is lost and no number comes twice.
A store that was restored from a backup has forgotten numbers; a `StartUpGap` leaps over what may have been used since.
The store itself is passed in; this module keeps nothing on disk.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock, RLock
from types import MappingProxyType
from typing import Protocol
from weakref import WeakSet

from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.keys import Key
from dlmskit.types.system_title import SystemTitle

BLOCK = 100
"""Numbers reserved at once: one write to the store for so many messages, and the most that a crash loses."""
LARGEST_JUMP = 1 << 20
"""The furthest `advance_to` goes without being told otherwise: what it follows is not authenticated."""
RESTORED_GAP = 1 << 19
"""How far stores leap that find themselves restored from a backup: half of what a peer follows without being told otherwise."""
WEAR_WARNING = COUNTER_MAX // 10 * 9
"""Where a key change is asked for: 90 %."""

_READY = 32


class CounterStore(Protocol):
    """Keeps, per counter, the lowest number that was never reserved. Safe for all threads and processes that share it."""

    def reserve(self, counter_id: str, count: int, at_least: int = 0) -> int:
        """Put away that `count` numbers are used up, and only then return the first: not below `at_least`, never one twice."""
        ...

    def next_unreserved(self, counter_id: str) -> int | None:
        """The lowest number that was never reserved; None where the counter was never used."""
        ...


class MemoryCounterStore:
    """A store that forgets with the process: for dedicated keys, which live no longer, for tests and demonstrations.

    It is safe for threads, not across a fork: nothing that is kept in memory could be.
    """

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._lock = Lock()

    def reserve(self, counter_id: str, count: int, at_least: int = 0) -> int:
        """See `CounterStore.reserve`."""
        with self._lock:
            first = max(self._next.get(counter_id, 0), at_least)
            self._next[counter_id] = first + count
            return first

    def next_unreserved(self, counter_id: str) -> int | None:
        """See `CounterStore.next_unreserved`."""
        return self._next.get(counter_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUpGap:
    """For a start after which the store cannot be trusted to be the newest: a restored backup, a copied machine.

    Every counter goes on this far behind what its store says, those that the store has never heard of included. Choose more than
    what one counter used since the backup was made: `WearForecast` knows the rate. Each such start costs `numbers` of 2**32.
    """

    numbers: int
    on_leap: Callable[[str, int, int], None] | None = None
    """Called with the counter's name, the number in the store and the number gone on with: for the log."""

    def __post_init__(self) -> None:
        if not 0 < self.numbers <= COUNTER_MAX:
            raise ConfigError(f"a start-up gap has 1 to {COUNTER_MAX} numbers, not {self.numbers}")


class InvocationCounter:
    """The counter of one key and one own system title. `take` gives each number once, to any number of threads.

    ``on_wear`` is called once with the counter's name and number when a block reaches the last tenth; ``start_gap`` is leapt
    over before the first number.
    """

    __slots__ = ("__weakref__", "_block", "_end", "_gap", "_id", "_lock", "_on_wear", "_ready", "_store", "_upcoming")

    def __init__(
        self,
        store: CounterStore,
        counter_id: str,
        *,
        block: int = BLOCK,
        on_wear: Callable[[str, int], None] | None = None,
        start_gap: StartUpGap | None = None,
    ) -> None:
        self._store = store
        self._id = counter_id
        self._block = block
        self._on_wear = on_wear
        self._gap = start_gap
        # Taking from a deque is atomic by its documentation; a few numbers at a time, to keep an idle counter small.
        self._ready: deque[int] = deque()
        self._upcoming = self._end = 0
        self._lock = RLock()
        _LIVING.add(self)

    def take(self) -> int:
        """The next number, used up from now on. Raises `SecurityError` (counter-exhausted) behind FFFFFFFF."""
        try:
            return self._ready.popleft()
        except IndexError:
            return self._refill_and_take()

    @property
    def next(self) -> int | None:
        """The number that `take` would give; None where the counter was never used, here or before."""
        with self._lock:
            if self._ready:
                return self._ready[0]
            if self._upcoming < self._end:
                return self._upcoming
            stored = self._store.next_unreserved(self._id)
            return stored if self._gap is None else (stored or 0) + self._gap.numbers

    @property
    def remaining(self) -> int:
        """How many numbers are left under this key."""
        return max(COUNTER_MAX + 1 - (self.next or 0), 0)

    def advance_to(self, number: int, *, largest_jump: int = LARGEST_JUMP) -> None:
        """Go on from `number` (read from the peer, or out of its invocation-counter-error); a lower one changes nothing.

        Raises `SecurityError`: counter-jump where it is further away than `largest_jump`, so that nobody can drive the
        counter to its end with a forged number.
        """
        with self._lock:
            current = self.next or 0
            if number <= current:
                return
            if number - current > largest_jump or number > COUNTER_MAX:
                message = f"from {current} to {number} is further than {largest_jump}; check the meter before accepting it"
                raise SecurityError(SecurityReason.COUNTER_JUMP, message)
            self._ready.clear()
            self._reserve(number)

    def after_fork(self) -> None:
        """In the child: the block in memory belongs to the parent, so leave it and reserve a new one."""
        self._lock = RLock()
        self._ready.clear()
        self._upcoming = self._end = 0

    def look_again(self) -> None:
        """The store may have lost what was put away last: leave a block that it does not know of any more."""
        with self._lock:
            if self._end > (self._store.next_unreserved(self._id) or 0):
                self._ready.clear()
                self._upcoming = self._end = 0

    def _refill_and_take(self) -> int:
        with self._lock:
            while True:
                try:
                    return self._ready.popleft()  # another thread may have refilled it, or have emptied it again
                except IndexError:
                    self._refill()

    def _refill(self) -> None:
        if self._upcoming >= self._end:
            self._reserve(0)
        stop = min(self._upcoming + _READY, self._end)
        self._ready.extend(range(self._upcoming, stop))
        self._upcoming = stop

    def _reserve(self, at_least: int) -> None:
        """Put a block away and make it the current one. The caller holds the lock."""
        gap, stored = self._gap, 0
        if gap is not None:
            stored = self._store.next_unreserved(self._id) or 0
            at_least = max(at_least, stored + gap.numbers)
        first = self._end if self._end > COUNTER_MAX else self._store.reserve(self._id, self._block, at_least)
        self._gap = None  # not before the leap is stored
        if gap is not None and gap.on_leap is not None:
            gap.on_leap(self._id, stored, first)
        self._upcoming, self._end = first, min(first + self._block, COUNTER_MAX + 1)
        if first > COUNTER_MAX:
            raise SecurityError(SecurityReason.COUNTER_EXHAUSTED, "the invocation counter is used up: change the key")
        if self._on_wear is not None and self._end > WEAR_WARNING:
            warn, self._on_wear = self._on_wear, None
            warn(self._id, first)


_LIVING: WeakSet[InvocationCounter] = WeakSet()


def _after_fork() -> None:
    for counter in _LIVING:
        counter.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class TransmitCounters:
    """The counters of one party: one for each key and own system title, however many associations share them."""

    def __init__(
        self,
        store: CounterStore,
        *,
        block: int = BLOCK,
        on_wear: Callable[[str, int], None] | None = None,
        start_gap: StartUpGap | None = None,
    ) -> None:
        self._store = store
        self._block = block
        self._on_wear = on_wear
        self._start_gap = start_gap
        self._counters: dict[str, InvocationCounter] = {}

    def of(self, key: Key, own_title: SystemTitle) -> InvocationCounter:
        """The counter of this key under this title; the same object every time, so that messages keep their order."""
        return self._named(counter_name(key, own_title))

    def transactions(self, own_title: SystemTitle) -> InvocationCounter:
        """The counter of transaction ids under this title: each is given once, like a number of a key."""
        return self._named(f"transaction:{own_title}")

    def derived(self, key: Key, own_title: SystemTitle) -> InvocationCounter:
        """The counter of a key that may come into being again from the same inputs: stored, taken singly, not kept here."""
        return InvocationCounter(self._store, counter_name(key, own_title), block=1, start_gap=self._start_gap)

    def look_again(self) -> None:
        """See `InvocationCounter.look_again`: of each."""
        for counter in self._counters.values():
            counter.look_again()

    @property
    def in_use(self) -> Mapping[str, InvocationCounter]:
        """The counters that were asked for since the start, by the name they are stored under."""
        return MappingProxyType(self._counters)

    def _named(self, counter_id: str) -> InvocationCounter:
        counter = self._counters.get(counter_id)
        if counter is None:
            fresh = InvocationCounter(
                self._store, counter_id, block=self._block, on_wear=self._on_wear, start_gap=self._start_gap
            )
            counter = self._counters.setdefault(counter_id, fresh)
        return counter


def counter_name(key: Key, title: SystemTitle) -> str:
    """What a counter is stored under: fingerprint of the key, system title of the sender. A new key is a new counter."""
    return f"{key.fingerprint}:{title}"
