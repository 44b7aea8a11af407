"""Runs the scripts of Single action schedule objects (class 22) when their times come.

What was due while nobody ran is not made up for. The clock is that of the device, times are local by its Clock object.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.classes.single_action_schedule import SingleActionSchedule
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.recurrence import moments
from dlmskit.errors import DlmsError
from dlmskit.types.datetime import CosemDate, CosemTime
from dlmskit.types.obis import Obis

if TYPE_CHECKING:
    from dlmskit.server.device import Device

_LOG = logging.getLogger("dlmskit.server")
_A_TICK = timedelta(microseconds=1)


class Schedules:
    """The schedules of one device, from the moment at which this was made."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._done_until = device.clock.utc_now()

    @property
    def due(self) -> datetime | None:
        """When the next script is to be run; None where none is."""
        return min((moment for _, schedule in self._all() if (moment := self._next(schedule)) is not None), default=None)

    def run_due(self) -> int:
        """Run what has become due since the last time; returns how many scripts that were."""
        now = self._device.clock.utc_now()
        ready = [(tree, one) for tree, one in self._all() if (moment := self._next(one)) is not None and moment <= now]
        self._done_until = max(now, self._done_until)
        for tree, schedule in ready:
            self._run(tree, schedule)
        return len(ready)

    def _all(self) -> Iterator[tuple[ObjectTree, SingleActionSchedule]]:
        for logical_device in self._device:
            for schedule in logical_device.tree.of(SingleActionSchedule):
                yield logical_device.tree, schedule

    def _next(self, schedule: SingleActionSchedule) -> datetime | None:
        local = next((clock.local_time() for clock in schedule.tree.of(Clock)), LocalTime())
        since, _ = local.from_utc(self._done_until + _A_TICK)
        found = []
        for entry in schedule.stored(4).elements():
            time, date = (bytes(part.value) for part in entry.elements())
            upcoming = next(moments(CosemDate(date), CosemTime(time), since.replace(tzinfo=None)), None)
            if upcoming is not None:
                found.append(local.to_utc(upcoming))
        return min(found, default=None)

    def _run(self, tree: ObjectTree, schedule: SingleActionSchedule) -> None:
        name, selector = schedule.stored(2).elements()
        try:
            with self._device.turn():
                tree.get(ScriptTable.class_id, Obis(bytes(name.value))).action(1, Data.long_unsigned(selector.value))
        except DlmsError as error:
            _LOG.warning("schedule %s: script %d of %s: %s", schedule.obis, selector.value, Obis(bytes(name.value)), error)
