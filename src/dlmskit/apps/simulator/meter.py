"""A simulated meter from its description: built, filled with its past, served, capturing until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dlmskit.apps.simulator.assembling import Assembly, at_table
from dlmskit.apps.simulator.beating import Heart
from dlmskit.apps.simulator.description import Description
from dlmskit.apps.simulator.faults import Faults
from dlmskit.apps.simulator.objects import (
    SimulatedTime,
)
from dlmskit.apps.simulator.past import go_on, live_through
from dlmskit.apps.simulator.pushing import Pushing, outlets_of
from dlmskit.cosem.classes.account import Account
from dlmskit.cosem.classes.disconnect_control import DisconnectControlV0
from dlmskit.server import Database
from dlmskit.server.living import Life


class SimulatedMeter:
    """A meter with a past, ready to be served by listeners. Raises ConfigError for a description that makes no sense.

    ``folder`` is where a relative ``keys_file`` starts; ``now`` stands in for the clock of the machine. Without a ``past``
    its profiles start empty.
    """

    def __init__(
        self,
        description: Description,
        database: Database | None = None,
        *,
        folder: Path = Path(),
        now: Callable[[], datetime] | None = None,
        past: bool = True,
        **device_words: Any,
    ) -> None:
        self.description = description
        self.time = SimulatedTime(now)
        self.database = Database(":memory:") if database is None else database
        made = Assembly(description, self.database, folder, self.time, device_words)
        self.device, self.counters = made.device, made.counters
        self.measurement, self.supply = made.measurement, made.supply
        self.profiles, self.pairs, self.security_logs = made.profiles, made.pairs, made.security_logs
        self._tariffs = made.tariffs
        with at_table("outlets"):
            dial = outlets_of(description.outlets, description.meter.system_title).dial
            self.pushing = Pushing(self.device, made.pushes, dial)
        self.faults = Faults(self, description.household.seed)
        self._come_to_life(past=past)

    def _come_to_life(self, *, past: bool) -> None:
        """The kept state is back in its place: live through the past, and go on from there."""
        for logical_device in self.device:
            controls = logical_device.tree.of(DisconnectControlV0)
            if controls:
                self.supply.switch(on=all(control.output_state for control in controls))
                self.supply.follow(logical_device.tree)
        if self._tariffs is not None:
            self._tariffs.ready()
        if past:
            self._live_through_the_past()
        self.life = Life(self.device, at=self.time.at)
        with self.device.turn():
            for logical_device in self.device:
                for account in logical_device.tree.of(Account):
                    account.settle()
        self.catch_up()

    def _live_through_the_past(self) -> None:
        meter = self.description.meter
        days = (None if meter.profile is None else 1) if meter.past_days is None else meter.past_days
        most = timedelta.max if days is None else timedelta(days=days)
        live_through(self.device, self.profiles, self.time, self.database, meter.commissioned, most)

    def catch_up(self) -> int:
        """Do what is due; returns how many moments were run."""
        if self.faults.down:
            return 0
        with self.device.turn():
            return self.life.advance() if self.faults.power_returns() else go_on(self.life, self.time)

    def rows(self, number: int) -> int:
        """How many rows profile ``number`` has, counted from 0 in the order of the file."""
        return len(self.profiles[number].rows)

    def close(self) -> None:
        """Put the state away."""
        self.device.close()


@contextlib.asynccontextmanager
async def running(meter: SimulatedMeter, speed: float = 1.0) -> AsyncIterator[SimulatedMeter]:
    """Let the meter capture and push while the block runs."""
    heart = Heart(meter.catch_up, meter.life, meter.pushing, meter.time, speed)
    heart.start()
    sending = asyncio.create_task(meter.pushing.run())
    try:
        yield meter
    finally:
        heart.stop()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
