"""Invocation counters of a meter on disk, in both directions, so that no restart repeats a number or takes a message twice.

Sent counters are reserved in blocks, as everywhere. Received ones are put away in blocks too, ahead of what was heard: a
durable write for every request would make the disk the speed of the meter. After a kill the meter refuses at most one
block of numbers that were never used, and tells its client the lowest that it takes; after a proper stop it refuses none.
A file that was copied back from a backup has leapt in both directions when it is open (`Database.restored`).
"""

from __future__ import annotations

from contextlib import suppress

from dlmskit.server.storage.database import Database
from dlmskit.server.storage.failure import StoreFailed
from dlmskit.server.windows import MemoryWindows

AHEAD = 64
"""How far ahead of the last received number the disk is."""

_RESERVE = """
INSERT INTO transmit (name, next) VALUES (:name, :at_least + :count)
ON CONFLICT (name) DO UPDATE SET next = max(next, :at_least) + :count
"""
_RAISE = """
INSERT INTO receive (name, lowest) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET lowest = excluded.lowest
"""


class StoredCounters:
    """A `CounterStore` in the file of the meter."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, counter_id: str, count: int, at_least: int = 0) -> int:
        """Put away that ``count`` numbers are used up and return the first of them.

        Inside a transaction the numbers are on the disk when that ends, which is before the answer leaves. Raises `StoreFailed`.
        """
        self._database.demand()
        at_least = max(at_least, self._database.lowest)
        with self._database.transaction():
            self._database.write(_RESERVE, {"name": counter_id, "count": count, "at_least": at_least})
            self._database.counted()
        following = self.next_unreserved(counter_id)
        assert following is not None  # noqa: S101 - it was written just now
        return following - count

    def next_unreserved(self, counter_id: str) -> int | None:
        """The lowest number never reserved; None for a counter that was never used."""
        found = self._database.read("SELECT next FROM transmit WHERE name = ?", (counter_id,))
        return int(found[0][0]) if found else None


class StoredWindows(MemoryWindows):
    """A `WindowStore` in the file of the meter; ``close`` makes it exact."""

    def __init__(self, database: Database) -> None:
        super().__init__(begins_at=database.lowest)
        self._database = database
        self._lowest.update(database.read("SELECT name, lowest FROM receive"))
        self._on_disk = dict(self._lowest)
        database.on_failure.append(self._look_again)

    def raise_to(self, window_id: str, lowest: int) -> None:
        """Nothing below ``lowest`` is accepted any more, after a kill neither. Raises `StoreFailed`."""
        if lowest > self._on_disk.get(window_id, 0):
            self._put_away(window_id, lowest + AHEAD)
        super().raise_to(window_id, lowest)

    def close(self) -> None:
        """Put the exact numbers away; where that is not possible, those on the disk are higher."""
        with suppress(StoreFailed), self._database.transaction():
            for name, lowest in self._lowest.items():
                if self._on_disk.get(name) != lowest:
                    self._put_away(name, lowest)

    def _put_away(self, window_id: str, lowest: int) -> None:
        self._database.demand()
        with self._database.transaction():
            self._database.write(_RAISE, (window_id, lowest))
            self._database.counted()
        self._on_disk[window_id] = lowest

    def _look_again(self) -> None:
        """The last transaction was not committed."""
        self._on_disk = dict(self._database.read("SELECT name, lowest FROM receive"))
