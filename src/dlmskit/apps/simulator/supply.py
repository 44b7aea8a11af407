"""The supply behind the switch of a meter: while it is off nothing flows, and the registers stand still.

What a household would have used meanwhile is taken off its energies for ever. How much that is, and since when it is off, is kept
in the transaction that moved the switch.
"""

from __future__ import annotations

import json
from dataclasses import astuple
from datetime import datetime
from typing import Protocol

from dlmskit.apps.simulator.measuring import Energies, Measurement, Phase
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.disconnect_control import DisconnectControlV0
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree, UtcClock
from dlmskit.server import Database

_NOTE = "supply"
_OUTPUT_STATE = 2
_NOTHING = Energies()


class Measures(Protocol):
    """What the registers of a meter show."""

    @property
    def phases(self) -> int:
        """1 or 3."""
        ...

    def energies(self, moment: datetime) -> Energies:
        """The readings at a moment."""
        ...

    def phase_values(self, moment: datetime) -> tuple[Phase, ...]:
        """Voltages, currents and powers of the phases."""
        ...

    def frequency(self, moment: datetime) -> float:
        """Hz."""
        ...

    def maximum_demand(self, moment: datetime) -> tuple[float, datetime]:
        """The largest mean import power of a quarter of this month, and when it ended."""
        ...


class Supply:
    """A measurement behind a switch: `Measures`."""

    def __init__(self, measurement: Measurement, database: Database, time: UtcClock) -> None:
        self._measurement, self._database, self._time = measurement, database, time
        kept = json.loads(database.note(_NOTE) or '{"missed": [], "off": null}')
        self._missed = Energies(*kept["missed"])
        self._off = None if kept["off"] is None else datetime.fromisoformat(kept["off"])

    @property
    def phases(self) -> int:
        """1 or 3."""
        return self._measurement.phases

    @property
    def on(self) -> bool:
        """Whether anything flows."""
        return self._off is None

    def follow(self, tree: ObjectTree) -> None:
        """Obey the disconnect controls of a logical device."""
        tree.observers.append(self._stored)

    def switch(self, *, on: bool) -> None:
        """Move the switch."""
        now = self._time.utc_now()
        if on == self.on:
            return
        if self._off is not None:
            before, after = (self._measurement.energies(moment) for moment in (self._off, max(now, self._off)))
            lost = (b - a for a, b in zip(astuple(before), astuple(after), strict=True))
            self._missed = Energies(*(a + b for a, b in zip(astuple(self._missed), lost, strict=True)))
        self._off = None if on else now
        kept = {"missed": astuple(self._missed), "off": None if on else now.isoformat()}
        self._database.set_note(_NOTE, json.dumps(kept))

    def energies(self, moment: datetime) -> Energies:
        """The readings at a moment, without what did not flow."""
        found = self._measurement.energies(moment if self._off is None else min(moment, self._off))
        if self._missed == _NOTHING:
            return found
        return Energies(*(max(a - b, 0.0) for a, b in zip(astuple(found), astuple(self._missed), strict=True)))

    def phase_values(self, moment: datetime) -> tuple[Phase, ...]:
        """With the switch off there is voltage, and nothing else."""
        found = self._measurement.phase_values(moment)
        if self._off is None or moment < self._off:
            return found
        return tuple(Phase(phase.voltage, 0.0, 0.0, 0.0) for phase in found)

    def frequency(self, moment: datetime) -> float:
        """Hz."""
        return self._measurement.frequency(moment)

    def maximum_demand(self, moment: datetime) -> tuple[float, datetime]:
        """Up to when it was switched off."""
        return self._measurement.maximum_demand(moment if self._off is None else min(moment, self._off))

    def _stored(self, changed: InterfaceClass, number: int, value: Data) -> None:
        if isinstance(changed, DisconnectControlV0) and number == _OUTPUT_STATE:
            self.switch(on=bool(value.value))
