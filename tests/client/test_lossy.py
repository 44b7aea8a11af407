"""Reads and writes over media that lose, double, reorder, spoil and cut: the right value, or a typed error in bounded time."""

from __future__ import annotations

import asyncio

import pytest

from dlmskit.codec.profile import ProfileTable
from dlmskit.testing import virtual_time
from dlmskit.testing.air import Weather
from tests.client.lossy import ROADS, SETTLED, connecting
from tests.client.small_meter import LOAD, QUARTER, START, SmallMeter


def right(table: ProfileTable) -> bool:
    """Whether it is the whole profile, and nothing else."""
    values = [(moment.to_datetime(), round(10 * value)) for moment, _, value in table.rows]
    return values == [(START + index * QUARTER, 1000 + 7 * index) for index in range(96)]


def read_profiles(road: str, reads: int, weather: Weather, patch: pytest.MonkeyPatch, seed: int = 1) -> tuple[int, float]:
    """How many of the reads gave the whole profile, and how long it took in the time of the medium."""

    async def run() -> tuple[int, float]:
        meter = SmallMeter(max_pdu_size=300)
        async with ROADS[road](meter, weather, seed, patch), connecting(road, pdu=300) as client:
            profile = client.profile(LOAD)
            good = sum([right(await profile.entries()) for _ in range(reads)])
            return good, asyncio.get_running_loop().time()

    return virtual_time.run(run())


@pytest.mark.parametrize("road", ROADS)
def test_a_profile_through_loss_and_doubles(road: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good, _ = read_profiles(road, 40, SETTLED, monkeypatch)
    assert good == 40


@pytest.mark.soak
@pytest.mark.parametrize("road", ROADS)
def test_a_thousand_profiles(road: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """10 % loss and 5 % doubling each way."""
    good, _ = read_profiles(road, 1000, SETTLED, monkeypatch)
    assert good == 1000
