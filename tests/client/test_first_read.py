"""The first ciphered read, as the README shows it: a key file, a URL, and nothing else said. Against the simulated household."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import dlmskit
from dlmskit.apps.simulator.serving import Serving, served

HOUSEHOLD = Path(__file__).parents[2] / "examples" / "household.toml"


@pytest.mark.supports("mechanism 5", "glo authenticated+encrypted", suite=0)
async def test_the_first_ciphered_read(tmp_path: Path) -> None:
    keys = tmp_path / "meter.keys"
    guek, gak = "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
    keys.write_text(f'storage = "plain"\n[keys.default]\nguek = "{guek}"\ngak = "{gak}"\n')
    keys.chmod(0o600)
    async with served(HOUSEHOLD, Serving(port=0)) as household:
        async with dlmskit.connect(f"{household.url}?client=1&server=1", keys=keys) as meter:
            energy = await meter.register("1.0.1.8.0.255")
            day = await meter.profile("1.0.99.1.0.255").entries(1, 96)
            assert meter.context is not None
            assert (meter.context.mechanism.label, meter.context.ciphered) == ("hls-gmac", True)

        def blocking() -> object:
            with dlmskit.sync.connect(household.url, keys=keys) as meter:
                return meter.read("1.0.1.8.0.255", "scaler_unit")

        assert await asyncio.to_thread(blocking) == (energy.scaler, energy.unit)
    assert energy.unit_symbol == "Wh"
    assert len(day) == 96
    assert day.names[2] == "1.0.1.8.0.255"
