"""Received invocation counters of a meter, in memory, and the highest heard under a key: what its counter objects show.

One that survives a restart is `dlmskit.server.storage.StoredWindows`.
"""

from __future__ import annotations


class MemoryWindows:
    """A `WindowStore` that forgets with the process."""

    def __init__(self, begins_at: int = 0) -> None:
        self._lowest: dict[str, int] = {}
        self._begins_at = begins_at
        """What is taken from a sender that was never heard: more than 0 where that may have been forgotten."""

    def lowest_acceptable(self, window_id: str) -> int:
        """The lowest counter still accepted from this sender; 0 where it was never heard."""
        return self._lowest.get(window_id, 0)

    def raise_to(self, window_id: str, lowest: int) -> None:
        """Nothing below ``lowest`` is accepted any more."""
        if lowest > self.lowest_acceptable(window_id):
            self._lowest[window_id] = lowest

    def highest(self, fingerprint: str) -> int:
        """The highest counter heard under the key with this fingerprint, whoever sent it; 0 where none was."""
        prefix = f"{fingerprint}:"
        return (
            max((lowest for name, lowest in self._lowest.items() if name.startswith(prefix)), default=max(self._begins_at, 1)) - 1
        )

    def close(self) -> None:
        """Nothing to put away."""
