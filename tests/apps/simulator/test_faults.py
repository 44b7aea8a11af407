"""Faults on demand: each shows as it does in the field, and goes away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.fault_tables import Fault, read_faults
from dlmskit.apps.simulator.faults import COVER_OPENED
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.serving import Serving, served
from dlmskit.apps.simulator.templates import template_text
from dlmskit.association import EventCode
from dlmskit.errors import ConfigError, DlmsError, TransportTimeout
from dlmskit.types.obis import Obis

LOAD, LOG = (7, Obis("1.0.99.1.0.255")), (7, Obis("0.0.99.98.6.255"))


class Meter:
    """A meter of the template whose time is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2025, 3, 12, 10, 7, tzinfo=UTC)
        text = template_text("electricity-1p").replace("past_days = 35", "past_days = 0\ncommissioned = 2025-03-01")
        self.meter = SimulatedMeter(parse_description(text), now=lambda: self.moment)

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)
        self.meter.catch_up()

    def one(self, key: tuple[int, Obis]) -> Any:
        return self.meter.device[1].tree.get(*key)


def test_a_power_cut_leaves_a_gap_and_nothing_is_consumed() -> None:
    home = Meter()
    home.forward(minutes=30)
    rows, energy = len(home.one(LOAD).rows), home.one((3, Obis("1.0.1.8.0.255"))).value
    home.meter.faults.cut_power(7200)
    home.forward(hours=1)
    assert home.meter.faults.down
    home.forward(hours=1, seconds=1)
    assert not home.meter.faults.down
    assert len(home.one(LOAD).rows) <= rows + 1, "one capture is late by less than its period"
    assert abs(home.one((3, Obis("1.0.1.8.0.255"))).value - energy) <= 1
    home.forward(minutes=30)
    assert home.one((3, Obis("1.0.1.8.0.255"))).value > energy
    home.meter.close()


def test_a_full_log_and_an_opened_cover_are_entries() -> None:
    home = Meter()
    home.meter.faults.open_cover()
    assert home.one(LOG).get(2).value[-1][1] == COVER_OPENED
    home.meter.faults.fill_log()
    assert home.one(LOG).entries_in_use == home.one(LOG).profile_entries
    home.meter.faults.open_cover()
    assert home.one(LOG).entries_in_use == home.one(LOG).profile_entries
    home.meter.close()


def test_a_clock_that_drifts() -> None:
    home = Meter()
    home.meter.faults.apply(Fault(kind="clock-drift", seconds=60))
    home.forward(days=1)
    assert home.meter.time.utc_now() - home.moment == timedelta(seconds=60)
    home.meter.close()


async def test_a_reboot_and_losses_as_a_client_meets_them(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nkind = "tampering"\n', encoding="utf-8")
    async with served(Path("electricity-1p"), Serving(port=0, faults=file)) as running:
        async with dlmskit.connect(f"{running.url}?client=16") as meter:
            assert await meter.read("0.0.42.0.0.255")
            running.meter.faults.reboot()
            with pytest.raises(DlmsError):
                await meter.read("0.0.42.0.0.255")
        running.meter.faults.lose(1.0)
        with pytest.raises(DlmsError):
            async with dlmskit.connect(f"{running.url}?client=16&timeout=0.2"):
                pass
        running.meter.faults.lose(0.0)
        async with dlmskit.connect(f"{running.url}?client=16") as meter:
            assert await meter.read("0.0.42.0.0.255")
        log = running.meter.device[1].tree.get(*LOG)
        assert COVER_OPENED in [row[1] for row in log.get(2).value]


async def test_answers_that_come_late(tmp_path: Path) -> None:
    async with served(Path("electricity-1p"), Serving(port=0)) as running:
        running.meter.faults.apply(Fault(kind="delay", seconds=0.4))
        with pytest.raises(TransportTimeout):
            async with dlmskit.connect(f"{running.url}?client=16&timeout=0.1&retries=0"):
                pass
        async with dlmskit.connect(f"{running.url}?client=16&timeout=5") as meter:
            assert await meter.read("0.0.42.0.0.255")
            running.meter.faults.delay(0.0)
            assert await meter.read("0.0.42.0.0.255")


async def test_keys_that_nobody_knows(tmp_path: Path) -> None:
    described = tmp_path / "meter.toml"
    text = template_text("electricity-1p")
    described.write_text(text.replace("gak =", f'device_secret = "{"A0" * 16}"\ngak =', 1), "utf-8")
    async with served(described, Serving(port=0)) as running:
        where: dict[str, Any] = {"keys": str(running.key_file), "counters": str(tmp_path / "counters")}
        async with dlmskit.connect(f"{running.url}?client=1", **where) as meter:
            assert await meter.read("0.0.42.0.0.255")
        running.meter.faults.apply(Fault(kind="wrong-keys"))
        with pytest.raises(DlmsError):
            async with dlmskit.connect(f"{running.url}?client=1&timeout=1", **where):
                pass
        assert EventCode.AUTHENTICATION_FAILED in {entry.code for entry in running.meter.device.log}


def test_keys_that_cannot_be_kept_are_not_mixed_up() -> None:
    home = Meter()
    with pytest.raises(ConfigError, match="device_secret"):
        home.meter.faults.mix_up_keys()
    home.meter.close()


@pytest.mark.parametrize("text", ["[[fault]]\nkind = 'fire'", "[[fault]", "[[fault]]\nkind = 'loss'\nshare = 2", "[[falt]]"])
def test_a_file_that_says_no_faults(text: str, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="faults"):
        read_faults(file)
