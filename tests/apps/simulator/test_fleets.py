"""Fleets: many meters from one description, each its own, on its own port or behind one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import dlmskit
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.fleets import accelerated, member, served_fleet
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.serving import Serving, served_many
from dlmskit.apps.simulator.templates import template_text
from dlmskit.errors import ConfigError, DlmsError

NOW = datetime(2025, 6, 1, tzinfo=UTC)
ENERGY = "1.0.1.8.0.255"


@pytest.mark.parametrize("one_port", [False, True])
async def test_each_meter_answers_with_its_own_keys_and_values(tmp_path: Path, one_port: bool) -> None:
    description = parse_description(template_text("electricity-1p") + f"\n[fleet]\none_port = {str(one_port).lower()}\n")
    async with served_fleet(description, 20, folder=tmp_path) as fleet:
        assert len({url.partition("?")[0] for url in fleet.urls}) == (1 if one_port else 20)

        async def read(number: int) -> tuple[bytes, int]:
            url = f"{fleet.urls[number]}&client=1"
            async with dlmskit.connect(url, keys=str(fleet.key_file), counters=str(tmp_path / f"{number}.counters")) as meter:
                return await meter.read("0.0.42.0.0.255"), await meter.read(ENERGY)

        found = await asyncio.gather(*map(read, range(20)))
    assert [name.decode() for name, _ in found] == [meter.description.meter.name for meter in fleet.meters]
    assert len({energy for _, energy in found}) == 20


async def test_the_keys_of_a_neighbour_open_nothing(tmp_path: Path) -> None:
    description = parse_description(template_text("electricity-1p"))
    async with served_fleet(description, 2, folder=tmp_path) as fleet:
        other = fleet.meters[1].description.keys
        assert other is not None
        keys = dlmskit.KeySet.from_hex(guek=other.guek, gak=other.gak)
        with pytest.raises(DlmsError):
            async with dlmskit.connect(f"{fleet.urls[0]}&client=1", keys=keys, counters=str(tmp_path / "c")):
                pass
        assert not any(client.ports for client in fleet.meters[0].device[1].clients.values())


def test_members_differ_and_are_the_same_each_time() -> None:
    description = parse_description(template_text("gas"))
    made = [member(description, number, NOW) for number in range(300)]
    assert len({one.meter.system_title for one in made}) == len({one.meter.name for one in made}) == 300
    assert len({one.keys.guek for one in made if one.keys}) == 300
    assert made == [member(description, number, NOW) for number in range(300)]
    assert all(one.keys.guek != one.keys.gak for one in made if one.keys)


async def test_state_of_a_fleet_is_kept_for_each(tmp_path: Path) -> None:
    source = tmp_path / "fleet.toml"
    source.write_text(template_text("water"), encoding="utf-8")
    serving = Serving(port=0, state=tmp_path / "state", meters=3)
    for _ in range(2):
        async with served_many(source, serving) as fleet:
            assert len(fleet.meters) == 3
    assert len(list((tmp_path / "state").glob("*.sqlite"))) == 3


def test_time_goes_faster(tmp_path: Path) -> None:
    clock = accelerated(3600.0)
    first = clock()
    while clock() == first:
        continue
    assert accelerated(10.0, began=first + timedelta(days=9))() >= first + timedelta(days=9)


def test_what_a_fleet_cannot_be() -> None:
    text = template_text("gas")
    with pytest.raises(ConfigError, match="security suite 0"):
        member(parse_description(text.replace("past_days", "security_suite = 1\npast_days")), 1, NOW)
    with pytest.raises(ConfigError, match="derives its keys"):
        member(parse_description(text[: text.index("[keys]")]), 1, NOW)


def test_a_meter_starts_at_once() -> None:
    """Counted in what it computes, not in seconds: a new meter without a past touches a month of its household at most."""
    one = SimulatedMeter(member(parse_description(template_text("electricity-1p")), 5, datetime.now(UTC)), past=False)
    assert len(one.measurement._at_midnight) // 4 <= 33
    one.close()
