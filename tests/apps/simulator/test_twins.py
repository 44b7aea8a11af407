"""The twin of a live meter: exported over the wire, simulated, and compared object by object and value by value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.modelled import MADE_BY_THE_SERVER
from dlmskit.apps.simulator.serving import Serving, served
from dlmskit.apps.simulator.templates import template_text
from dlmskit.apps.simulator.twins import export_twin
from dlmskit.errors import ConfigError
from dlmskit.security.keys import KeySet, Secret

MOVING = {8, 7}
"""Clock and profiles: they live on."""


@pytest.mark.parametrize("name", ["electricity-1p", "nl-smr55", "it-gas-units11291"])
async def test_the_twin_has_the_objects_rights_and_values_of_the_meter(name: str, tmp_path: Path) -> None:
    async with served(Path(name), Serving(port=0)) as original:
        where: dict[str, Any] = {"keys": str(original.key_file), "counters": str(tmp_path / "original")}
        async with dlmskit.connect(f"{original.url}?client=1", **where) as meter:
            listed = await meter.objects()
            text = await export_twin(meter)
        title = original.meter.device.system_title
    file = tmp_path / "twin.toml"
    file.write_text(text, encoding="utf-8")
    said = parse_description(text)
    async with served(file, Serving(port=0)) as twin:
        assert twin.meter.device.system_title == title
        where = {"keys": str(twin.key_file), "counters": str(tmp_path / "twin")}
        async with dlmskit.connect(f"{twin.url}?client=1", **where) as meter:
            shown = {(one.class_id, one.version, one.obis): one.rights for one in await meter.objects()}
            for one in listed:
                if one.class_id in MADE_BY_THE_SERVER:
                    continue
                rights = shown[one.class_id, one.version, one.obis]
                assert {n: m for n, m in one.rights.attributes.items() if m} == {n: m for n, m in rights.attributes.items() if m}
            compared = 0
            for table in said.twin:
                if table.class_id in MOVING or table.obis.startswith("0.0.43.1."):
                    continue
                for number, octets in table.values.items():
                    data = await meter.get(table.obis, int(number), class_id=table.class_id)
                    assert (table.obis, number, data.octets.hex()) == (table.obis, number, octets)
                    compared += 1
    assert compared > 40


def test_no_key_of_the_meter_is_in_it_and_nonsense_is_refused() -> None:
    head = 'lab = true\n[meter]\nsystem_title = "4C41420000000001"\nname = "LAB0000000000001"\n'
    twin = '[[twin]]\nobis = "1.0.1.8.0.255"\nclass_id = 3\nversion = 0\nattributes = { "2" = 1 }\nvalues = { "2" = "zz" }\n'
    with pytest.raises(ConfigError, match=r"twin 1: values of 1\.0\.1\.8\.0\.255"):
        SimulatedMeter(parse_description(head + twin))


OWN_CLIENTS = """
[[client]]
name = "password"
sap = 2
mechanism = "lls"
password = "87654321"
read = ["*"]

[[client]]
name = "digest"
sap = 3
mechanism = "hls-sha256"
ciphered = true
read = ["*"]

[[client]]
name = "short"
sap = 4
names = "short"
mechanism = "hls-gmac"
ciphered = true
read = ["*"]
"""


@pytest.mark.filterwarnings("ignore::dlmskit.client.plan.WeakSecurityWarning")
@pytest.mark.parametrize(
    ("sap", "words"), [(2, "mechanism=lls&allow_weak=yes"), (3, "mechanism=hls-sha256"), (4, "mechanism=hls-gmac&names=short")]
)
async def test_the_twin_is_asked_as_the_meter_was(sap: int, words: str, tmp_path: Path) -> None:
    text = template_text("electricity-1p").replace("[keys]", '[keys]\nhls_secret = "00112233445566778899AABBCCDDEEFF"')
    file, copy = tmp_path / "meter.toml", tmp_path / "twin.toml"
    file.write_text(text + OWN_CLIENTS, encoding="utf-8")
    seen = []
    for path, password in ((file, "87654321"), (copy, "12345678")):
        async with served(path, Serving(port=0)) as running:
            keys: Any = KeySet(lls_password=Secret.from_text(password)) if sap == 2 else str(running.key_file)
            where: dict[str, Any] = {"keys": keys, "counters": str(tmp_path / path.stem)}
            async with dlmskit.connect(f"{running.url}?client={sap}&{words}", **where) as meter:
                if path == file:
                    copy.write_text(await export_twin(meter), encoding="utf-8")
                seen.append({(one.class_id, one.obis) for one in await meter.objects() if one.class_id not in MADE_BY_THE_SERVER})
    assert "87654321" not in copy.read_text()
    assert "00112233445566778899AABBCCDDEEFF" not in copy.read_text()
    assert seen[0] == seen[1]
    assert len(seen[0]) > 10
