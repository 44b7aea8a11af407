"""Fleets: many meters from one description, each its own, on its own port or behind one."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.apps.bench.processes import resident_octets, simulated
from dlmskit.apps.simulator import measuring
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.fleets import accelerated, member, served_fleet
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.serving import Serving, served_many
from dlmskit.apps.simulator.templates import template_text
from dlmskit.client.key_file import read_key_file
from dlmskit.errors import ConfigError, DlmsError

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
    made = [member(description, number) for number in range(300)]
    assert len({one.meter.system_title for one in made}) == len({one.meter.name for one in made}) == 300
    assert len({one.keys.guek for one in made if one.keys}) == 300
    assert made == [member(description, number) for number in range(300)]
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
    with pytest.raises(ConfigError, match="derives its keys"):
        member(parse_description(text[: text.index("[keys]")]), 1)


@pytest.mark.parametrize("suite", [1, 2])
async def test_fleets_of_suites_with_key_pairs_have_one_client(tmp_path: Path, suite: int) -> None:
    text = template_text("electricity-1p").replace("past_days", f"security_suite = {suite}\npast_days")
    octets = suite * 16
    text = re.sub(r'(guek|gak) = "[0-9A-Fa-f]+"', lambda found: f'{found[1]} = "{secrets.token_hex(octets)}"', text)
    async with served_fleet(parse_description(text), 3, folder=tmp_path) as fleet:
        vault = read_key_file(fleet.key_file)
        assert len({vault[str(meter.device.system_title)].pairs.signing_public_key for meter in fleet.meters}) == 3
        for number, url in enumerate(fleet.urls):
            counters = str(tmp_path / f"{number}.counters")
            async with dlmskit.connect(f"{url}&client=1", suite=suite, sign=True, keys=vault, counters=counters) as meter:
                assert (await meter.read("0.0.42.0.0.255")).decode() == fleet.meters[number].description.meter.name


async def test_a_fleet_has_as_much_past_as_is_asked_for(tmp_path: Path) -> None:
    for days, rows in ((0, range(1)), (2, range(190, 194))):
        text = template_text("electricity-1p") + f"\n[fleet]\npast_days = {days}\n"
        (tmp_path / str(days)).mkdir()
        async with served_fleet(parse_description(text), 2, folder=tmp_path / str(days)) as fleet:
            assert all(meter.rows(0) in rows for meter in fleet.meters)


def test_what_a_meter_has_counted_in_ten_years_needs_no_quarters(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out = []
    quarters = measuring._quarters

    def counted(*words: Any) -> Any:
        worked_out.append(words)
        return quarters(*words)

    monkeypatch.setattr(measuring, "_quarters", counted)
    text = template_text("electricity-1p").replace("[meter]", "[meter]\ncommissioned = 2015-01-01")
    one = SimulatedMeter(member(parse_description(text), 5))
    assert one.supply.energies(datetime.now(UTC)).active_import > 20_000_000
    assert len(worked_out) <= 3
    one.close()


_FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, int(sys.argv[1])))
from dlmskit.apps.cli import main
main(["simulate", "water", "--meters", "60", "--port", "0", "--json"])
"""


@pytest.mark.parametrize(("allowed", "starts"), [(400, True), (300, False)])
def test_a_fleet_takes_the_open_files_that_it_needs(allowed: int, starts: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", _FEW_FILES, str(allowed)], text=True, stdout=-1, stderr=-1) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            if starts:
                assert len(json.loads(process.stdout.readline())["meters"]) == 60
            else:
                assert "allows 300: raise it with ulimit -n 320" in " ".join(process.stderr.read().split())
        finally:
            process.terminate()
    assert process.returncode == (0 if starts else 2)


async def test_five_thousand_ciphered_meters_in_one_process(tmp_path: Path) -> None:
    """Each has its own port, title and keys; clients read from the first to the last at the same time."""
    meters = 5000
    with simulated("electricity-1p", "--meters", str(meters)) as (ready, process):
        assert len({one["url"] for one in ready["meters"]}) == meters
        assert resident_octets(process) < 2 << 30
        vault = read_key_file(ready["key_file"])
        assert len(vault) == meters
        chosen = ready["meters"][::50] + ready["meters"][-1:]

        async def read(number: int, title: str, url: str) -> None:
            async with dlmskit.connect(f"{url}&client=1", keys=vault, counters=str(tmp_path / str(number)), timeout=120) as meter:
                name = (await meter.read("0.0.42.0.0.255")).decode()
                assert int(name[3:]) == int(title[6:], 16)
                assert await meter.read(ENERGY) > 0

        await asyncio.gather(*(read(number, one["system_title"], one["url"]) for number, one in enumerate(chosen)))
