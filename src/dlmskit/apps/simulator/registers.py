"""What a register can measure: the words of the ``[registers]`` table, each with its unit, type and place in the measurement."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dlmskit.apps.simulator.supply import Measures
from dlmskit.errors import ConfigError

Source = Callable[[Measures, datetime], float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that the meter measures."""

    unit: int
    """Number of the unit (Blue Book, 4.3.2)."""
    scaler: int
    """Where the file says no other."""
    tag: str
    """Type of the value."""
    source: Source
    """In the unit itself, before the scaler."""
    phase: int = 0
    """Which phase it belongs to, 0 for the whole."""


def _phase(number: int) -> dict[str, Quantity]:
    at = number - 1
    return {
        f"voltage-l{number}": Quantity(35, -1, "long-unsigned", lambda m, t: m.phase_values(t)[at].voltage, number),
        f"current-l{number}": Quantity(33, -2, "long-unsigned", lambda m, t: m.phase_values(t)[at].current, number),
        f"active-power-l{number}": Quantity(
            27, 0, "double-long-unsigned", lambda m, t: max(m.phase_values(t)[at].active, 0.0), number
        ),
        f"power-factor-l{number}": Quantity(255, -3, "long-unsigned", lambda m, t: m.phase_values(t)[at].power_factor, number),
    }


def _active(measurement: Measures, moment: datetime) -> float:
    return sum(phase.active for phase in measurement.phase_values(moment))


def _reactive(measurement: Measures, moment: datetime) -> float:
    return sum(phase.reactive for phase in measurement.phase_values(moment))


def _apparent(measurement: Measures, moment: datetime) -> float:
    return sum(phase.voltage * phase.current for phase in measurement.phase_values(moment))


def _power_factor(measurement: Measures, moment: datetime) -> float:
    apparent = _apparent(measurement, moment)
    return abs(_active(measurement, moment)) / apparent if apparent else 1.0


_ENERGY = "double-long-unsigned"

QUANTITIES: dict[str, Quantity] = {
    "active-energy-import": Quantity(30, 0, _ENERGY, lambda m, t: m.energies(t).active_import),
    "active-energy-export": Quantity(30, 0, _ENERGY, lambda m, t: m.energies(t).active_export),
    "active-energy-import-rate-1": Quantity(30, 0, _ENERGY, lambda m, t: m.energies(t).import_rate_1),
    "active-energy-import-rate-2": Quantity(30, 0, _ENERGY, lambda m, t: m.energies(t).import_rate_2),
    "reactive-energy-import": Quantity(32, 0, _ENERGY, lambda m, t: m.energies(t).reactive_import),
    "active-power-import": Quantity(27, 0, "double-long-unsigned", lambda m, t: max(_active(m, t), 0.0)),
    "active-power-export": Quantity(27, 0, "double-long-unsigned", lambda m, t: max(-_active(m, t), 0.0)),
    "reactive-power-import": Quantity(29, 0, "double-long-unsigned", _reactive),
    "apparent-power-import": Quantity(28, 0, "double-long-unsigned", _apparent),
    "power-factor": Quantity(255, -3, "long-unsigned", _power_factor),
    "frequency": Quantity(44, -2, "long-unsigned", lambda m, t: m.frequency(t)),
    "gas-volume": Quantity(13, -3, _ENERGY, lambda m, t: m.energies(t).gas_volume),
    "water-volume": Quantity(13, -3, _ENERGY, lambda m, t: m.energies(t).water_volume),
    "heat-energy": Quantity(30, 3, _ENERGY, lambda m, t: m.energies(t).heat),
    "maximum-demand": Quantity(27, 0, "double-long-unsigned", lambda m, t: m.maximum_demand(t)[0]),
    **_phase(1),
    **_phase(2),
    **_phase(3),
}
"""By the word that the file uses."""


def quantity(word: str, phases: int) -> Quantity:
    """What a word means; ConfigError where the meter does not measure that."""
    found = QUANTITIES.get(word)
    if found is None:
        close = difflib.get_close_matches(word, QUANTITIES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(QUANTITIES)}"
        raise ConfigError(f"nothing measures {word!r}; {hint}")
    if found.phase > phases:
        raise ConfigError(f"{word!r} needs a meter with three phases; this one has {phases}")
    return found
