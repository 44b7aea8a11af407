"""A logical device that lives: a clock to move, a script table that writes down what ran, a timekeeper, a supervisor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.supervision import Supervisor
from dlmskit.cosem.timing import Timekeeper
from dlmskit.types.datetime import CosemDateTime
from tests.cosem.peers import StandingClock

SCRIPTS = "0.0.10.0.100.255"
CET = {
    "time_zone": -60,
    "daylight_savings_begin": CosemDateTime(bytes((0xFF, 0xFF, 3, 0xFE, 7, 2, 0, 0, 0, 0x80, 0, 0))),
    "daylight_savings_end": CosemDateTime(bytes((0xFF, 0xFF, 10, 0xFE, 7, 3, 0, 0, 0, 0x80, 0, 0x80))),
    "daylight_savings_deviation": 60,
    "daylight_savings_enabled": True,
}


class Scripts(ScriptTable):
    """Writes down when which script was run."""

    def __init__(self) -> None:
        super().__init__(SCRIPTS)
        self.ran: list[tuple[str, int]] = []
        self.fails = False

    def action(self, number: int, parameter: Data | None = None, *_: object) -> Data | None:
        assert number == 1
        assert parameter is not None
        if self.fails:
            raise RuntimeError("a script that fails")
        self.ran.append((str(self.tree.now())[:16], int(parameter.value)))
        return None


class Living:
    """One logical device in time."""

    def __init__(self, *objects: InterfaceClass, start: datetime = datetime(2024, 1, 15, 12, tzinfo=UTC), **rules: Any) -> None:
        self.time = StandingClock(start)
        self.clock, self.scripts = Clock(**rules), Scripts()
        self.faults: list[str] = []
        self.tree = ObjectTree([self.clock, self.scripts, *objects], clock=self.time)
        self.keeper = Timekeeper(self.tree, self.clock, at=self._at, fault=lambda where, _: self.faults.append(where))
        self.supervisor = Supervisor(self.tree, fault=lambda where, _: self.faults.append(where))

    @contextmanager
    def _at(self, moment: datetime) -> Iterator[None]:
        real, self.time.moment = self.time.moment, moment - self.clock.offset
        yield
        self.time.moment = real

    def until(self, moment: datetime, step: timedelta | None = None) -> None:
        """Let time pass, waking up when something is due; with ``step`` the device sleeps, as in a power cut."""
        while step is None and (due := self.keeper.upcoming()) is not None and due - self.clock.offset <= moment:
            self.time.moment = max(self.time.moment, due - self.clock.offset)
            self.keeper.advance()
        self.time.moment = moment
        self.keeper.advance()

    @property
    def ran(self) -> list[tuple[str, int]]:
        """Local time and number of each script that was run."""
        return self.scripts.ran
