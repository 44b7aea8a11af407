"""How much a household takes and a roof gives: one day in quarters of an hour, as a function of seed and date.

Two evenings are never alike, yet there are evenings: a base load, a curve by time of day and weekday, more in winter, and
some appliances. The shape follows what load profiles of households look like; it is no standard profile of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import asin, cos, pi, sin

from dlmskit.apps.simulator.noise import mix, stream, thirds, unit

SLOTS = 96
"""Quarters of an hour in a day."""
SLOT_SECONDS = 900

# Relative load of the hours of a day, 0 to 23: a working day, and a Saturday or Sunday.
_WORKDAY = (30, 25, 23, 22, 23, 30, 62, 88, 80, 60, 55, 58, 70, 64, 54, 52, 60, 85, 118, 128, 116, 98, 72, 46)
_WEEKEND = (42, 33, 27, 24, 23, 25, 34, 56, 82, 96, 102, 112, 120, 104, 86, 76, 78, 90, 110, 118, 110, 96, 76, 54)
_COSINE_WINTER = 0.24
"""How much more than the average a day in the middle of January takes, and how much less one in July."""

_APPLIANCES = ((2100.0, 1, 3), (1800.0, 2, 3), (2400.0, 1, 2), (1100.0, 4, 1), (900.0, 6, 1))
"""Power in watts, duration in quarters, uses per day: kettle, cooker, oven, washing machine, dishwasher."""


@dataclass(frozen=True, slots=True)
class Day:
    """Mean power of each quarter of a day, in watts and var."""

    load: tuple[float, ...]
    generation: tuple[float, ...]
    reactive: tuple[float, ...]
    """Inductive reactive power of the load."""


@dataclass(frozen=True)
class Household:
    """A household with its habits, all of them from the seed."""

    seed: int = 1
    annual_kwh: float = 3500.0
    """What it takes in an average year."""
    solar_kwp: float = 0.0
    """Peak power of a photovoltaic roof, 0 for none."""
    annual_gas_m3: float = 1500.0
    annual_water_m3: float = 120.0
    annual_heat_kwh: float = 12000.0
    latitude: float = 50.0
    """Degrees north, for the height of the sun."""

    def day(self, number: int, *, summer_time: bool) -> Day:
        """Day ``number`` since 1970-01-01 in normal local time; ``summer_time`` makes the people get up an hour earlier."""
        shape = _shape(weekend=(number + 3) % 7 >= 5, shift=4 if summer_time else 0)
        noise = stream(self.seed, f"load {number}")
        mean = self.annual_kwh / 8.76 * (1 + _COSINE_WINTER * cos(2 * pi * (number % 365.2425 - 15) / 365.2425))
        mean *= 0.82 + 0.36 * unit(noise, -1)
        appliances = self._appliances(noise, shape)
        base = 0.22 * self.annual_kwh / 8.76
        rest = max(mean - base - sum(appliances) / SLOTS, 0.15 * mean)
        load, reactive = [], []
        for slot in range(SLOTS):
            swing, motors, electronics = thirds(noise, slot)
            watts = base + rest * shape[slot] * (0.65 + 0.7 * swing) + appliances[slot]
            load.append(watts)
            # tan(phi) of 0.12 to 0.47: a power factor of 0.99 to 0.90, the worse the more of the load is motors.
            reactive.append(watts * (0.12 + 0.05 * electronics) + 0.3 * base * motors)
        return Day(tuple(load), self._generation(number), tuple(reactive))

    def _appliances(self, noise: int, shape: tuple[float, ...]) -> list[float]:
        extra = [0.0] * SLOTS
        scale = min(self.annual_kwh / 3500.0, 1.5)
        for kind, (power, duration, uses) in enumerate(_APPLIANCES):
            for use in range(uses):
                draw = mix(noise ^ (kind << 8 | use))
                slot = draw % SLOTS
                # Where the curve is low nobody cooks: a draw is taken with the probability that the curve says.
                if shape[slot] * 0.55 < (draw >> 20 & 0xFFFF) / 0xFFFF:
                    continue
                for at in range(slot, min(slot + duration, SLOTS)):
                    extra[at] += power * scale / (3 if duration == 1 else 1)
        return extra

    def _generation(self, number: int) -> tuple[float, ...]:
        if not self.solar_kwp:
            return _DARK
        noise = stream(self.seed, f"sun {number}")
        clear = 0.2 + 0.8 * unit(noise, -1) ** 0.6
        peak = self.solar_kwp * 1000.0 * 0.85
        heights = _sun(round(number % 365.2425), self.latitude)
        return tuple(peak * height * clear * (0.75 + 0.25 * unit(noise, slot)) for slot, height in enumerate(heights))


_DARK = (0.0,) * SLOTS


@lru_cache(maxsize=4)
def _shape(*, weekend: bool, shift: int) -> tuple[float, ...]:
    """Weights of the quarters with mean 1, with straight lines between the middles of the hours."""
    hours = _WEEKEND if weekend else _WORKDAY
    weights = []
    for slot in range(SLOTS):
        hour, part = divmod((slot + shift) % SLOTS - 1.5, 4)
        first, second = hours[int(hour) % 24], hours[(int(hour) + 1) % 24]
        weights.append(first + (second - first) * part / 4)
    mean = sum(weights) / SLOTS
    return tuple(weight / mean for weight in weights)


@lru_cache(maxsize=400)
def _sun(day_of_year: int, latitude: float) -> tuple[float, ...]:
    """What of the peak power arrives in each quarter: the sine of the sun's height on a flat roof, with air in between."""
    declination = asin(0.3978 * sin(2 * pi * (day_of_year - 80) / 365.2425))
    north = latitude * pi / 180
    received = []
    for slot in range(SLOTS):
        hour_angle = (slot + 0.5 - SLOTS / 2) * 2 * pi / SLOTS
        height = sin(north) * sin(declination) + cos(north) * cos(declination) * cos(hour_angle)
        received.append(max(height, 0.0) ** 1.15)
    return tuple(received)
