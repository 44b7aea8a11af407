"""How much a household takes and a roof gives: one day in quarters of an hour, as a function of seed and date.

Two evenings are never alike, yet there are evenings: a base load, a curve by time of day and weekday, more in winter, and
some appliances. The shape follows what load profiles of households look like; it is no standard profile of anybody.

A day is one of some typical days, drawn for each household and date, times a factor of its own. So what a meter has counted in
ten years is a sum over days and not over quarters, and thousands of households share the typical days.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
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


DAY_RATE_HOURS = range(6, 22)
"""Local hours of rate 1; the others are rate 2."""
_TYPICAL_KWH = 3500.0
"""What the household of the typical days takes in a year."""
_TYPICAL_DAYS = 64
"""Of each kind: working day or weekend, with or without summer time."""
_TYPICAL_SKIES = _TYPICAL_DAYS
_LEVELS = (1 << 16) // _TYPICAL_DAYS
_BLOCK_DAYS = 32


@dataclass(frozen=True, slots=True)
class TypicalDay:
    """Mean power of each quarter of a day, in watts and var, and the running sums of it: 97 each."""

    load: tuple[float, ...]
    reactive: tuple[float, ...]
    """Inductive reactive power of the load."""
    load_sums: tuple[float, ...]
    reactive_sums: tuple[float, ...]
    rate_1_sums: tuple[float, ...]
    """Of the load in the hours of rate 1."""
    rate_1: tuple[bool, ...]
    """Whether a quarter is in the hours of rate 1."""


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

    def load(self, number: int, *, summer_time: bool) -> tuple[TypicalDay, float]:
        """Day ``number`` since 1970-01-01 in normal local time: a typical day, and how many times as much is taken.

        ``summer_time`` makes the people get up an hour earlier.
        """
        which, level = _draw("load", self.seed, number)
        factor = self.annual_kwh / _TYPICAL_KWH * _season(number) * (0.82 + 0.36 * level)
        return typical_day(which, (number + 3) % 7 >= 5, summer_time), factor

    def generation(self, number: int) -> tuple[int, list[float]]:
        """What the roof gives on a day: the first quarter with light, and the mean power of it and the next ones in watts.

        Nothing without a roof.
        """
        if not self.solar_kwp:
            return 0, []
        which, level = _draw("sun", self.seed, number)
        peak = self.solar_kwp * 1000.0 * 0.85 * (0.2 + 0.8 * level**0.6)
        first, heights = _sun(round(number % 365.2425), self.latitude)
        return first, [peak * height * sky for height, sky in zip(heights, _sky(which)[first:], strict=False)]


def _draw(what: str, seed: int, number: int) -> tuple[int, float]:
    """For a day: which of the typical ones, and a number from 0 to 1."""
    block, day = divmod(number, _BLOCK_DAYS)
    return _draws(what, seed, block)[day]


@lru_cache(maxsize=256)
def _draws(what: str, seed: int, block: int) -> list[tuple[int, float]]:
    """For a block of days at once: an old meter has thousands of them."""
    octets = hashlib.shake_128(f"{what} {seed} {block}".encode()).digest(2 * _BLOCK_DAYS)
    return [(draw % _TYPICAL_DAYS, (draw // _TYPICAL_DAYS) / _LEVELS) for (draw,) in struct.iter_unpack("<H", octets)]


@lru_cache(maxsize=1 << 14)
def _season(number: int) -> float:
    """How many times as much as the average a day of the year takes."""
    return 1 + _COSINE_WINTER * cos(2 * pi * (number % 365.2425 - 15) / 365.2425)


@lru_cache(maxsize=4 * _TYPICAL_DAYS)
def typical_day(number: int, weekend: bool, summer_time: bool) -> TypicalDay:
    """One of the typical days of its kind."""
    shape = _shape(weekend=weekend, shift=4 if summer_time else 0)
    noise = stream(number, f"{weekend:d} {summer_time:d}")
    mean = _TYPICAL_KWH / 8.76
    appliances = _appliances(noise, shape)
    base = 0.22 * mean
    rest = max(mean - base - sum(appliances) / SLOTS, 0.15 * mean)
    load, reactive = [], []
    for slot in range(SLOTS):
        swing, motors, electronics = thirds(noise, slot)
        watts = base + rest * shape[slot] * (0.65 + 0.7 * swing) + appliances[slot]
        load.append(watts)
        # tan(phi) of 0.12 to 0.47: a power factor of 0.99 to 0.90, the worse the more of the load is motors.
        reactive.append(watts * (0.12 + 0.05 * electronics) + 0.3 * base * motors)
    rate_1 = [(slot // 4 + summer_time) % 24 in DAY_RATE_HOURS for slot in range(SLOTS)]
    in_rate_1 = [watts if day else 0.0 for watts, day in zip(load, rate_1, strict=True)]
    sums = [tuple(accumulate(one, initial=0.0)) for one in (load, reactive, in_rate_1)]
    return TypicalDay(tuple(load), tuple(reactive), sums[0], sums[1], sums[2], tuple(rate_1))


def _appliances(noise: int, shape: tuple[float, ...]) -> list[float]:
    extra = [0.0] * SLOTS
    for kind, (power, duration, uses) in enumerate(_APPLIANCES):
        for use in range(uses):
            draw = mix(noise ^ (kind << 8 | use))
            slot = draw % SLOTS
            # Where the curve is low nobody cooks: a draw is taken with the probability that the curve says.
            if shape[slot] * 0.55 < (draw >> 20 & 0xFFFF) / 0xFFFF:
                continue
            for at in range(slot, min(slot + duration, SLOTS)):
                extra[at] += power / (3 if duration == 1 else 1)
    return extra


@lru_cache(maxsize=_TYPICAL_SKIES)
def _sky(number: int) -> tuple[float, ...]:
    """Which part of the sunlight the clouds let through, by quarters."""
    noise = stream(number, "sky")
    return tuple(0.75 + 0.25 * unit(noise, slot) for slot in range(SLOTS))


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
def _sun(day_of_year: int, latitude: float) -> tuple[int, tuple[float, ...]]:
    """What of the peak power arrives: the sine of the sun's height on a flat roof, with air in between.

    The first quarter with light, and the values of it and the next ones.
    """
    declination = asin(0.3978 * sin(2 * pi * (day_of_year - 80) / 365.2425))
    north = latitude * pi / 180
    received = []
    for slot in range(SLOTS):
        hour_angle = (slot + 0.5 - SLOTS / 2) * 2 * pi / SLOTS
        height = sin(north) * sin(declination) + cos(north) * cos(declination) * cos(hour_angle)
        received.append(max(height, 0.0) ** 1.15)
    light = [slot for slot, height in enumerate(received) if height] or [0]
    return light[0], tuple(received[light[0] : light[-1] + 1])
