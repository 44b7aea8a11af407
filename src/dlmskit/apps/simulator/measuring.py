"""What a meter on that household measures: energies that are the integral of the power, phases that agree with each other.

Within a quarter of an hour power is constant for a minute at a time; the minutes of a quarter average to its mean power.
So two readings of an energy register differ by exactly the power in between.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, reduce
from itertools import accumulate, chain, compress
from math import hypot, pi, sin
from operator import add, mul

from dlmskit.apps.simulator.load_curve import SLOT_SECONDS, SLOTS, Household, TypicalDay
from dlmskit.apps.simulator.noise import stream, unit
from dlmskit.cosem.daylight import LocalTime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86400
_YEAR_DAYS = 365.2425
_MINUTES = 15
_DAYS_KEPT = 4
_MILESTONE_DAYS = 32
_PEAKS_KEPT = 40
_FLOWS = 4
_LINE_OHMS = 0.18
"""Between the transformer and the meter: what lets the voltage fall when the load rises."""
_SLOT_HOURS = SLOT_SECONDS / 3600


@dataclass(frozen=True, slots=True)
class Energies:
    """Readings since the meter was commissioned, in Wh and varh; m3 of gas and water."""

    active_import: float = 0.0
    active_export: float = 0.0
    reactive_import: float = 0.0
    import_rate_1: float = 0.0
    gas_volume: float = 0.0
    water_volume: float = 0.0
    heat: float = 0.0

    @property
    def import_rate_2(self) -> float:
        """What is not rate 1."""
        return self.active_import - self.import_rate_1


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase at one moment: V, A, W, var. Power and current are what is taken from the grid; export is negative power."""

    voltage: float
    current: float
    active: float
    reactive: float

    @property
    def power_factor(self) -> float:
        """Active through apparent power, without sign."""
        apparent = hypot(self.active, self.reactive)
        return abs(self.active) / apparent if apparent else 1.0


@dataclass(frozen=True, slots=True)
class _Quarters:
    """One day, by quarters: what is imported and exported, and the readings at the start of each since midnight.

    Arrays, since every meter of a fleet keeps a few days of its own.
    """

    midnight: tuple[float, ...]
    """The readings when it begins."""
    net: array[float]
    reactive: array[float]
    sums: tuple[array[float], ...]
    """Running sums, 97 each, in the order of the fields of `Energies`."""

    def end(self) -> tuple[float, ...]:
        """The readings when it ends."""
        return tuple(start + running[-1] for start, running in zip(self.midnight, self.sums, strict=True))


class Measurement:
    """The measuring part of a meter: a function of time. Moments are aware; before commissioning everything is 0."""

    def __init__(self, household: Household, *, phases: int, commissioned: date, local: LocalTime) -> None:
        self.household = household
        self.phases = phases
        self._local = local
        self._summer_time = _summer_time(local)
        self._offset = -local.time_zone * 60
        self._first_day = (commissioned - date(1970, 1, 1)).days
        self._milestones = array("d", (0.0,) * _FLOWS)
        """Readings at the start of every 32nd day since commissioning, one after the other."""
        self._peaks: dict[int, tuple[float, int]] = {}
        self._days: dict[int, _Quarters] = {}
        self._minute_noise = stream(household.seed, "minutes")
        self._grid_noise = stream(household.seed, "grid")

    # --- energy --------------------------------------------------------------------------------------------------------

    def energies(self, moment: datetime) -> Energies:
        """The readings at a moment."""
        number, slot, seconds = self._place(moment)
        if number < self._first_day:
            return Energies()
        quarters = self._quarters(number)
        share = self._share(number * SLOTS + slot, seconds)
        sums = tuple(
            start + running[slot] + (running[slot + 1] - running[slot]) * share
            for start, running in zip(quarters.midnight, quarters.sums, strict=True)
        )
        return Energies(*chain(sums, self._commodities(moment)))

    def _commodities(self, moment: datetime) -> tuple[float, float, float]:
        """Gas, water and heat: more in winter and by day, and never backwards."""
        start = _EPOCH + timedelta(days=self._first_day, seconds=-self._offset)
        days, since = ((at - _EPOCH).total_seconds() / _DAY_SECONDS for at in (moment, start))
        house = self.household
        gas, water, heat = house.annual_gas_m3, house.annual_water_m3, house.annual_heat_kwh * 1000
        heating = _passed(days, 0.6, 0.35) - _passed(since, 0.6, 0.35)
        tapping = _passed(days, 0.05, 0.9) - _passed(since, 0.05, 0.9)
        return gas * heating, water * tapping, heat * heating

    def _midnight(self, number: int) -> tuple[float, ...]:
        """The readings at the start of a day: the same additions in the same order, wherever one begins."""
        known = self._milestones
        place, days = divmod(number - self._first_day, _MILESTONE_DAYS)
        while len(known) <= place * _FLOWS:
            known.extend(self._days_on(known[-_FLOWS:], len(known) // _FLOWS - 1, _MILESTONE_DAYS))
        return tuple(self._days_on(known[place * _FLOWS : (place + 1) * _FLOWS], place, days))

    def _days_on(self, readings: array[float], milestone: int, days: int) -> array[float]:
        start = self._first_day + milestone * _MILESTONE_DAYS
        whole = tuple(readings)
        for number in range(start, start + days):
            whole = tuple(map(add, whole, self._whole_day(number)))
        return array("d", whole)

    def _quarters(self, number: int) -> _Quarters:
        found = self._days.get(number)
        if found is None:
            before = self._days.get(number - 1)
            midnight = self._midnight(number) if before is None else before.end()
            if len(self._days) >= _DAYS_KEPT:
                del self._days[next(iter(self._days))]
            found = self._days[number] = _quarters(midnight, *self._load(number), *self.household.generation(number))
        return found

    def _whole_day(self, number: int) -> tuple[float, ...]:
        """What a day adds to the readings: the last of the sums of `_quarters`, to the last bit, without the others."""
        typical, factor = self._load(number)
        first, generation = self.household.generation(number)
        wh = factor * _SLOT_HOURS
        if not generation:
            return wh * typical.load_sums[-1], 0.0, wh * typical.reactive_sums[-1], wh * typical.rate_1_sums[-1]
        last = first + len(generation)
        imported, exported = _both_ways(_net(typical, factor, first, generation))
        # reduce() adds as accumulate() does; sum() is more precise.
        taken = reduce(add, imported, wh * typical.load_sums[first]) + wh * (typical.load_sums[-1] - typical.load_sums[last])
        rate_1 = reduce(add, compress(imported, typical.rate_1[first:last]), wh * typical.rate_1_sums[first])
        rate_1 += wh * (typical.rate_1_sums[-1] - typical.rate_1_sums[last])
        return taken, reduce(add, exported, 0.0), wh * typical.reactive_sums[-1], rate_1

    def _load(self, number: int) -> tuple[TypicalDay, float]:
        summer = self._summer_time.get(number)
        if summer is None:
            noon = datetime(1970, 1, 1, 12) + timedelta(days=number)
            summer = self._summer_time[number] = self._local.in_force(noon)
        return self.household.load(number, summer_time=summer)

    # --- power ---------------------------------------------------------------------------------------------------------

    def phase_values(self, moment: datetime) -> tuple[Phase, ...]:
        """Voltages, currents and powers of the phases, constant for a minute."""
        number, slot, seconds = self._place(moment)
        if number < self._first_day:
            return (Phase(0.0, 0.0, 0.0, 0.0),) * self.phases
        quarters = self._quarters(number)
        quarter = number * SLOTS + slot
        weight = self._weights(quarter)[seconds // 60]
        minute = quarter * _MINUTES + seconds // 60
        found = []
        for phase, share in enumerate(self._shares(quarter)):
            active, reactive = quarters.net[slot] * weight * share, quarters.reactive[slot] * weight * share
            apparent = hypot(active, reactive)
            swing = unit(self._grid_noise, minute * 3 + phase) - 0.5
            drop = _LINE_OHMS * apparent / 230.0
            voltage = 231.5 + 2.4 * swing - (drop if active >= 0 else -drop)
            found.append(Phase(voltage, apparent / voltage, active, reactive))
        return tuple(found)

    def frequency(self, moment: datetime) -> float:
        """Hz."""
        return 50.0 + 0.05 * (unit(self._grid_noise, -1 - int(moment.timestamp()) // 60) - 0.5)

    def _shares(self, quarter: int) -> list[float]:
        """How the load is spread over the phases in this quarter."""
        if self.phases == 1:
            return [1.0]
        draws = [0.25 + unit(self._minute_noise, -1 - quarter * 3 - phase) for phase in range(self.phases)]
        whole = sum(draws)
        return [draw / whole for draw in draws]

    def _weights(self, quarter: int) -> list[float]:
        draws = [0.6 + 0.8 * unit(self._minute_noise, quarter * _MINUTES + minute) for minute in range(_MINUTES)]
        mean = sum(draws) / _MINUTES
        return [draw / mean for draw in draws]

    def _share(self, quarter: int, seconds: float) -> float:
        """Which part of the energy of a quarter has flowed after ``seconds``."""
        if not seconds:
            return 0.0
        weights = self._weights(quarter)
        minute = int(seconds // 60)
        return (sum(weights[:minute]) * 60 + weights[minute] * (seconds - minute * 60)) / SLOT_SECONDS

    # --- demand --------------------------------------------------------------------------------------------------------

    def maximum_demand(self, moment: datetime) -> tuple[float, datetime]:
        """The largest mean import power, in W, of a whole quarter of this month, and when it ended, in UTC."""
        number, slot, _ = self._place(moment)
        month_start = (datetime(1970, 1, 1) + timedelta(days=number)).replace(day=1)
        best, at = 0.0, (month_start - datetime(1970, 1, 1)).days * SLOTS
        for day in range(max(at // SLOTS, self._first_day), number + 1):
            largest, place = self._peak(day) if day < number else _largest(self._quarters(day).net[:slot])
            if largest > best:
                best, at = largest, day * SLOTS + place + 1
        return best, _EPOCH + timedelta(seconds=at * SLOT_SECONDS - self._offset)

    def _peak(self, number: int) -> tuple[float, int]:
        """The largest quarter of a whole day, and which one it is."""
        if number not in self._peaks:
            if len(self._peaks) >= _PEAKS_KEPT:
                del self._peaks[next(iter(self._peaks))]
            self._peaks[number] = _largest(self._quarters(number).net)
        return self._peaks[number]

    def _place(self, moment: datetime) -> tuple[int, int, int]:
        """Day, quarter and second of the quarter, in normal local time."""
        seconds = int((moment - _EPOCH).total_seconds()) + self._offset
        number, in_day = divmod(seconds, _DAY_SECONDS)
        slot, rest = divmod(in_day, SLOT_SECONDS)
        return number, slot, rest


@lru_cache(maxsize=64)
def _summer_time(_local: LocalTime) -> dict[int, bool]:
    """Whether days are in summer time, as far as somebody has asked: the same for all meters with these rules."""
    return {}


def _largest(net: array[float]) -> tuple[float, int]:
    best = max(net, default=0.0)
    return best, net.index(best) if net else 0


def _passed(days: float, by_year: float, by_day: float) -> float:
    """Which part of an annual amount has flowed ``days`` after 1970, where the flow swings over the year and over the day."""
    year = 2 * pi * (days - 15) / _YEAR_DAYS
    return days / _YEAR_DAYS + by_year * sin(year) / (2 * pi) + by_day * sin(2 * pi * (days - 0.6)) / (2 * pi * _YEAR_DAYS)


def _quarters(midnight: tuple[float, ...], typical: TypicalDay, factor: float, first: int, generation: list[float]) -> _Quarters:
    """A day as the meter counts it; from quarter ``first`` on the roof gives something."""
    net = array("d", [factor * watts for watts in typical.load])
    wh = factor * _SLOT_HOURS
    sums = [typical.load_sums, typical.reactive_sums, typical.rate_1_sums]
    imported, reactive, rate_1 = (array("d", [wh * sum_ for sum_ in one]) for one in sums)
    exported = array("d", bytes(8 * (SLOTS + 1)))
    if generation:
        last = first + len(generation)
        by_day = _net(typical, factor, first, generation)
        net[first:last] = array("d", by_day)
        taken, given = _both_ways(by_day)
        in_rate_1 = map(mul, taken, typical.rate_1[first:last])
        for counted, flow, known in ((imported, taken, typical.load_sums), (rate_1, in_rate_1, typical.rate_1_sums)):
            counted[first : last + 1] = array("d", accumulate(flow, initial=counted[first]))
            counted[last + 1 :] = array("d", [counted[last] + wh * (sum_ - known[last]) for sum_ in known[last + 1 :]])
        exported[first : last + 1] = array("d", accumulate(given, initial=0.0))
        exported[last + 1 :] = array("d", [exported[last]] * (SLOTS - last))
    flows = (imported, exported, reactive, rate_1)
    return _Quarters(midnight, net, array("d", [factor * var for var in typical.reactive]), flows)


def _net(typical: TypicalDay, factor: float, first: int, generation: list[float]) -> list[float]:
    """Power in the quarters with light: what the roof gives is used in the house first."""
    return [factor * watts - given for watts, given in zip(typical.load[first:], generation, strict=False)]


def _both_ways(net: list[float]) -> tuple[list[float], list[float]]:
    """Energy by quarters that is imported, and exported."""
    return (
        [watts * _SLOT_HOURS if watts > 0.0 else 0.0 for watts in net],
        [-watts * _SLOT_HOURS if watts < 0.0 else 0.0 for watts in net],
    )
