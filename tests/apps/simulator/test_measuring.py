"""The measured household holds together: energy is the integral of power, phases agree, the same seed is the same family."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import hypot

import pytest

from dlmskit.apps.simulator.description import Clock
from dlmskit.apps.simulator.load_curve import Household
from dlmskit.apps.simulator.measuring import Measurement
from dlmskit.apps.simulator.objects import clock_object

RULES = clock_object(Clock()).local_time()
NOON = datetime(2024, 6, 12, 12, tzinfo=UTC)


def measurement(phases: int = 1, *, commissioned: date = date(2024, 1, 1), **words: float) -> Measurement:
    return Measurement(Household(**words), phases=phases, commissioned=commissioned, local=RULES)  # type: ignore[arg-type]


@pytest.mark.parametrize("solar", [0.0, 6.0])
@pytest.mark.parametrize("start", [NOON, NOON.replace(second=17, minute=7), NOON.replace(hour=21, minute=59)])
def test_energy_is_the_integral_of_power(solar: float, start: datetime) -> None:
    meter = measurement(3, solar_kwp=solar)
    seconds = 3600
    joules = [sum(phase.active for phase in meter.phase_values(start + timedelta(seconds=at))) for at in range(seconds)]
    before, after = meter.energies(start), meter.energies(start + timedelta(seconds=seconds))
    assert after.active_import - before.active_import == pytest.approx(sum(max(watt, 0) for watt in joules) / 3600)
    assert after.active_export - before.active_export == pytest.approx(sum(max(-watt, 0) for watt in joules) / 3600)
    assert solar == 0.0 or start.hour > 20 or after.active_export > before.active_export


def test_voltage_current_power_and_power_factor_agree() -> None:
    meter = measurement(3, solar_kwp=5.0)
    for minute in range(0, 1440, 7):
        for phase in meter.phase_values(NOON + timedelta(minutes=minute)):
            assert phase.voltage * phase.current == pytest.approx(hypot(phase.active, phase.reactive))
            assert abs(phase.active) == pytest.approx(phase.voltage * phase.current * phase.power_factor)
            assert 215 < phase.voltage < 240
            assert 0 < phase.power_factor <= 1


def test_counters_only_go_up_and_rates_add_up() -> None:
    meter = measurement(solar_kwp=4.0)
    readings = [meter.energies(NOON + timedelta(minutes=11 * step)) for step in range(400)]
    for earlier, later in pairwise(readings):
        assert later.active_import >= earlier.active_import
        assert later.active_export >= earlier.active_export
        assert later.reactive_import >= earlier.reactive_import
        assert later.import_rate_1 >= earlier.import_rate_1
        assert later.import_rate_2 >= earlier.import_rate_2 - 1e-6
    day = timedelta(days=1)
    assert measurement().energies(NOON + day).import_rate_2 > measurement().energies(NOON).import_rate_2


def test_a_moment_has_its_value_however_one_comes_there() -> None:
    late = measurement().energies(NOON)
    walked = measurement()
    for hours in range(24 * 80, -1, -37):
        walked.energies(NOON - timedelta(hours=hours))
    assert walked.energies(NOON) == late
    assert measurement(seed=2).energies(NOON) != late
    assert measurement().phase_values(NOON) == measurement().phase_values(NOON)


@pytest.mark.parametrize("solar", [0.0, 6.0])
def test_a_whole_day_is_the_end_of_its_quarters_to_the_last_bit(solar: float) -> None:
    meter = measurement(solar_kwp=solar)
    for number in range(19_723, 19_723 + 366):
        quarters = meter._quarters(number)
        assert meter._whole_day(number) == tuple(running[-1] for running in quarters.sums)
        for running in quarters.sums:
            assert len(running) == 97
            assert all(earlier <= later for earlier, later in pairwise(running))
        imported, exported, *_ = quarters.sums
        assert imported[-1] - exported[-1] == pytest.approx(sum(quarters.net) / 4)


def test_habits() -> None:
    """Winter is more than summer, evening more than night, and the year is about what was asked for."""
    meter = measurement(annual_kwh=3500.0)

    def used(start: datetime, **span: float) -> float:
        return meter.energies(start + timedelta(**span)).active_import - meter.energies(start).active_import

    year = used(datetime(2024, 1, 1, 23, tzinfo=UTC), days=365)
    assert 3_200_000 < year < 3_900_000
    assert used(datetime(2024, 1, 10, tzinfo=UTC), days=28) > 1.25 * used(datetime(2024, 7, 1, tzinfo=UTC), days=28)
    nights = sum(used(datetime(2024, 3, day, 1, tzinfo=UTC), hours=3) for day in range(1, 29))
    evenings = sum(used(datetime(2024, 3, day, 17, tzinfo=UTC), hours=3) for day in range(1, 29))
    assert evenings > 2 * nights


def test_the_sun_shines_by_day_and_in_summer() -> None:
    meter = measurement(annual_kwh=3500.0, solar_kwp=8.0)

    def given(start: datetime, hours: float) -> float:
        return meter.energies(start + timedelta(hours=hours)).active_export - meter.energies(start).active_export

    assert given(datetime(2024, 6, 10, 21, tzinfo=UTC), 5) == 0
    june = sum(given(datetime(2024, 6, day, tzinfo=UTC), 24) for day in range(1, 29))
    december = sum(given(datetime(2024, 12, day, tzinfo=UTC), 24) for day in range(1, 29))
    assert june > 5 * december


def test_maximum_demand_is_the_largest_quarter_of_the_month() -> None:
    meter = measurement()
    watts, ended = meter.maximum_demand(NOON)
    quarter = timedelta(minutes=15)
    assert meter.energies(ended).active_import - meter.energies(ended - quarter).active_import == pytest.approx(watts / 4)
    start = datetime(2024, 5, 31, 23, tzinfo=UTC)  # midnight in normal local time
    quarters = [meter.energies(start + quarter * step).active_import for step in range(int((NOON - start) / quarter) + 1)]
    assert watts == pytest.approx(4 * max(later - earlier for earlier, later in pairwise(quarters)))


def test_before_it_was_commissioned_it_was_not_there() -> None:
    meter = measurement(commissioned=date(2024, 6, 1))
    assert meter.energies(datetime(2024, 5, 1, tzinfo=UTC)).active_import == 0
    assert meter.phase_values(datetime(2024, 5, 1, tzinfo=UTC))[0].voltage == 0
    assert 0 < meter.energies(datetime(2024, 6, 1, 12, tzinfo=UTC)).active_import < 20_000
