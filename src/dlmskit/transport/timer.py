"""A timer for asyncio that is moved far more often than it fires: moving it is one assignment, not a heap operation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_LAST_LOOK_SECONDS = 0.001
"""Above 0, since a loop may run what is due at once before it looks at its sockets."""


class LazyTimer:
    """Calls ``expired`` once ``set`` has been left alone for its seconds.

    A process that was held up finds its timers due before it has read what arrived meanwhile. So a timer that is due lets the
    loop look at its sockets once more: it does not run out when what arrived sets or clears it.
    """

    __slots__ = ("_due", "_expired", "_handle", "_looked", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._due: float | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._looked: float | None = None
        """The due time for which the sockets have had their last look."""

    def set(self, seconds: float) -> None:
        """Run out in ``seconds`` from now, whatever was set before."""
        due = self._due = self._loop.time() + seconds
        handle = self._handle
        if handle is None:
            self._handle = self._loop.call_at(due, self._fired)
        elif handle.when() > due:
            handle.cancel()
            self._handle = self._loop.call_at(due, self._fired)

    def clear(self) -> None:
        """Do not run out."""
        self._due = None

    def cancel(self) -> None:
        """Do not run out, and let go of the loop."""
        self._due = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fired(self) -> None:
        self._handle = None
        due = self._due
        if due is None:
            return
        if due > self._loop.time():
            self._handle = self._loop.call_at(due, self._fired)
            return
        if self._looked != due:
            self._looked = due
            self._handle = self._loop.call_later(_LAST_LOOK_SECONDS, self._fired)
            return
        self._due = None
        self._expired()
