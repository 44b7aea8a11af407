"""What keeps a simulated meter going: it wakes when something is due, and sleeps between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from dlmskit.apps.simulator.pushing import Pushing
from dlmskit.cosem.objects import UtcClock
from dlmskit.errors import DlmsError
from dlmskit.server.living import Life

_LOG = logging.getLogger("dlmskit.simulator")
_LONGEST_SLEEP = 20.0
"""Seconds; the clock of the machine may be set while nothing is due."""
_SHORTEST_SLEEP = 0.05
_POLL = 1.0
"""Seconds of the meter between two looks at monitored values."""


class Heart:
    """Beats for one meter on the running loop. A timer, no task: thousands of idle meters cost next to nothing."""

    def __init__(
        self, do_what_is_due: Callable[[], object], life: Life, pushing: Pushing, clock: UtcClock, speed: float = 1.0
    ) -> None:
        self._do_what_is_due = do_what_is_due
        self._life, self._pushing, self._clock, self._speed = life, pushing, clock, speed
        self._timer: asyncio.TimerHandle | None = None
        self.on_beat: list[Callable[[datetime], None]] = []
        """Each is told the time at every beat."""

    def start(self) -> None:
        """Begin to beat; something that is due sooner than was thought wakes it."""
        self._life.on_change = self._wake
        self._beat()

    def stop(self) -> None:
        """Beat no more."""
        self._life.on_change = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        try:
            for told in self.on_beat:
                told(self._clock.utc_now())
            self._do_what_is_due()
            self._pushing.trigger_due()
        except DlmsError as error:  # a store that fails: the meter goes on, and tries again
            _LOG.warning("a meter could not do what was due: %s", error)
        self._plan()

    def _plan(self) -> None:
        due = [moment for moment in (self._life.due, self._pushing.due) if moment is not None]
        wait = min(((moment - self._clock.utc_now()).total_seconds() / self._speed for moment in due), default=_LONGEST_SLEEP)
        longest = _POLL / self._speed if self._life.watches else _LONGEST_SLEEP
        self._timer = asyncio.get_running_loop().call_later(max(min(wait, longest), _SHORTEST_SLEEP), self._beat)

    def _wake(self) -> None:
        """Called within a request: what is due is looked at when that is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(_SHORTEST_SLEEP, self._beat)
