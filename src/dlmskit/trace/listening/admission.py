"""What a listener takes from whom: a rate for each sender, a bounded queue, and turns: a storm of one meter stays its own.

Who sends is told by address and claimed system title together: somebody who claims the title of another meter from another
address has a rate of his own (robustness R-072, R-109). Time is told in seconds.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListenLimits:
    """Bounds of one listener."""

    burst: int = 60
    """Messages that a sender may send at once."""
    per_second: float = 1.0
    """Messages of a sender in the long run."""
    senders: int = 65_536
    """Senders whose rate is known; the one heard longest ago makes room."""
    waiting: int = 4096
    """Messages that wait for the program."""
    waiting_of_one: int = 64
    """Of these, of one sender."""
    connections: int = 1024
    """TCP connections at a time."""
    push_octets: int = 1 << 18
    """Largest push that is put together from blocks."""
    block_window: int = 16
    """Blocks of a confirmed push that a meter may send in one stream, 1 to 63."""


class ListenCounts(msgspec.Struct):
    """What a listener has met since its start."""

    received: int = 0
    verified: int = 0
    marked: int = 0
    """Shown, but not verified."""
    repeated: int = 0
    """Verified repetitions of a push that was handed on before: confirmed again, and not shown again."""
    over_rate: int = 0
    """Dropped before they were looked at: their sender sends too much."""
    no_room: int = 0
    """Dropped, and not confirmed: too many wait."""
    confirmed: int = 0


class Rates:
    """A bucket of tokens for each sender."""

    def __init__(self, limits: ListenLimits) -> None:
        self._limits = limits
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def admits(self, sender: object, now: float) -> bool:
        """Whether this sender may send one more message now."""
        limits = self._limits
        tokens, since = self._buckets.pop(sender, (float(limits.burst), now))
        tokens = min(limits.burst, tokens + max(now - since, 0.0) * limits.per_second)
        admitted = tokens >= 1
        self._buckets[sender] = (tokens - 1 if admitted else tokens), now
        if len(self._buckets) > limits.senders:
            self._buckets.popitem(last=False)
        return admitted


class Turns(Generic[T]):
    """What waits, by sender; taken in turns."""

    def __init__(self, limits: ListenLimits) -> None:
        self._limits = limits
        self._queues: OrderedDict[object, deque[T]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, sender: object, item: T) -> bool:
        """Queue it; False where there is no room for it."""
        queue = self._queues.get(sender)
        if self._size >= self._limits.waiting or (queue is not None and len(queue) >= self._limits.waiting_of_one):
            return False
        if queue is None:
            queue = self._queues[sender] = deque()
        queue.append(item)
        self._size += 1
        return True

    def take(self) -> T | None:
        """The next one, of the sender whose turn it is; None while nothing waits."""
        if not self._queues:
            return None
        sender, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        self._size -= 1
        if queue:
            self._queues[sender] = queue
        return item
