"""Runs the scripts of Single action schedule objects (class 22) when their times come, by the clock of the device."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from dlmskit.cosem.classes.single_action_schedule import SingleActionSchedule
from dlmskit.cosem.timebound import local_time_of
from dlmskit.errors import DlmsError

if TYPE_CHECKING:
    from dlmskit.server.device import Device

_LOG = logging.getLogger("dlmskit.server")


class Schedules:
    """The schedules of one device, from the moment at which this was made."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._done_until = device.clock.utc_now()

    @property
    def due(self) -> datetime | None:
        """When the next script is to be run; None where none is."""
        return min((moment for _, moment in self._upcoming()), default=None)

    def run_due(self) -> int:
        """Run what has become due since the last time, each schedule once; returns how many scripts that were."""
        now = self._device.clock.utc_now()
        ready = [(schedule, moment) for schedule, moment in self._upcoming() if moment <= now]
        self._done_until = max(now, self._done_until)
        for schedule, moment in ready:
            try:
                with self._device.turn():
                    schedule.reached(now, now - now if schedule.run_missed else now - moment)
            except DlmsError as error:
                _LOG.warning("schedule %s: %s", schedule.obis, error)
        return len(ready)

    def _upcoming(self) -> Iterator[tuple[SingleActionSchedule, datetime]]:
        for logical_device in self._device:
            for schedule in logical_device.tree.of(SingleActionSchedule):
                moment = schedule.following(self._done_until, local_time_of(logical_device.tree))
                if moment is not None:
                    yield schedule, moment
