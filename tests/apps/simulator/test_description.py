"""Descriptions of meters: the examples are good ones, and a bad one is refused with the key and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dlmskit.apps.simulator.description import parse_description, read_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.errors import ConfigError

EXAMPLES = Path(__file__).parents[3] / "examples"
HOUSEHOLD = (EXAMPLES / "household.toml").read_text(encoding="utf-8")
PACKAGED = Path(__file__).parents[3] / "src" / "dlmskit" / "apps" / "demo"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_examples_are_meters(path: Path) -> None:
    meter = SimulatedMeter(read_description(path))
    for logical_device in meter.device:
        for client in logical_device.clients.values():
            assert client.grants.unmatched(logical_device.tree) == []
    assert not meter.description.profile or meter.rows(0) == meter.description.profile[0].depth
    meter.close()


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.toml")), ids=lambda path: path.name)
def test_the_demonstration_uses_the_examples(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == (EXAMPLES / path.name).read_text(encoding="utf-8")


FAULTS = {
    # a change to the household, and what is said about it
    ("annual_kwh", "anual_kwh"): "household: unknown key 'anual_kwh'; did you mean annual_kwh?",
    ('mechanism = "lls"', "mechanismus = 1"): "client 2: unknown key 'mechanismus'; did you mean mechanism?",
    ('mechanism = "lls"', 'mechanism = "none"'): "client 2, mechanism: invalid enum value 'none'",
    ("sap = 16", 'sap = "16"'): "client 1, sap: expected int, got str",
    ("sap = 16", "sap = 1000"): "client 1, sap: expected int <= 127",
    ("sap = 32", "sap = 16"): "client 2 (reader): two clients with SAP 16",
    ("sap = 32", "sap = 32\nlogical_device = 17"): "client 2 (reader): there is no logical device 17; add it under",
    ("[meter]", "[metre]"): "unknown key 'metre'; did you mean meter?",
    ('name = "LAB0000000000001"', ""): "meter: the key 'name' is missing; add it",
    ('system_title = "4C41420000000001"', 'system_title = "4C"'): "system title",
    ('"active-power-import"', '"active-power"'): """registers, "1.0.1.7.0.255": nothing measures 'active-power'; did you mean""",
    ('"voltage-l1"', '"voltage-l2"'): "needs a meter with three phases; this one has 1",
    ('"1.0.14.7.0.255"', '"1.0.14.7.0"'): 'registers, "1.0.14.7.0":',
    ('password = "12345678"', ""): "client 2 (reader): mechanism lls needs a password; add it",
    ("period = 900", "period = 5"): "profile 1, period: expected int >= 60",
    ('"1.0.1.8.0.255", "1.0.1.7.0.255"]', '"1.0.9.9.9.255"]'): "profile 1: the column 1.0.9.9.9.255 names no object",
    ('"1.0.1.8.0.255", "1.0.1.7.0.255"]', '"1.0.1.8.0.255:9"]'): "the column 1.0.1.8.0.255:9 names no attribute; Register has",
    ('read = ["*"]', 'read = ["1.0"]'): '"1.0" is no pattern of objects: write * or A.B.C.D.E.F',
    ('"0.0.42.0.0.255", "0.0.43.1.*.255"]', '"0.0.42.9.0.255"]'): "client public: no object is meant by 0.0.42.9.0.255; mend it",
    ("control_mode = 4", "control_mod = 4"): "object 3: DisconnectControl has no attribute 'control_mod'; it has",
    ("control_mode = 4", 'control_mode = "x"'): "object 3: control_mode of 0.0.96.3.10.255",
    ('type = "octet-string", value = "kitchen"', 'type = "octets", value = "kitchen"'): "object 2:",
    ('guek = "0001', 'guek = "01'): "keys:",
    ("lab = true", "lab = 1"): "lab: expected bool, got int",
    ("seed = 1", "seed = "): "not TOML: Invalid value",
}


@pytest.mark.case("R-117")
@pytest.mark.parametrize("change", FAULTS, ids=lambda change: change[1].strip()[:30] or f"no {change[0][:20]}")
def test_a_fault_is_named_with_its_place(change: tuple[str, str], tmp_path: Path) -> None:
    assert change[0] in HOUSEHOLD
    path = tmp_path / "meter.toml"
    path.write_text(HOUSEHOLD.replace(change[0], change[1], 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(FAULTS[change])) as error:
        SimulatedMeter(read_description(path))
    assert "\n" not in str(error.value)
    assert "00010203" not in str(error.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read: No such file"):
        read_description("nowhere.toml")


@pytest.mark.case("R-088")
def test_secrets_in_the_file_need_a_lab() -> None:
    text = re.sub(r"lab = true.*", "", HOUSEHOLD)
    with pytest.raises(ConfigError, match=r"write lab = true at the top of the file, or use keys_file"):
        SimulatedMeter(parse_description(text))


@pytest.mark.case("R-088")
def test_published_keys_need_a_lab_wherever_they_are(tmp_path: Path) -> None:
    text = re.sub(r"lab = true.*", 'keys_file = "meter.keys"', HOUSEHOLD)
    text = re.sub(r"\[keys\].*\n.*\n.*\n", "", text)
    text = re.sub(r'\[\[client\]\]\nname = "reader"(.*\n)+?\n', "", text)
    description = parse_description(text)
    keys = tmp_path / "meter.keys"
    form = 'storage = "plain"\n[keys.4C41420000000001]\nguek = "{}"\ngak = "{}"\n'
    keys.touch(mode=0o600)
    for guek, fine in (
        ("000102030405060708090A0B0C0D0E0F", False),
        ("00" * 16, False),
        ("B3C1A9F00D5EED5A1F0E9D8C7B6A5948", True),
    ):
        keys.write_text(form.format(guek, "5A1F0E9D8C7B6A5948B3C1A9F00D5EED"), encoding="utf-8")
        if fine:
            SimulatedMeter(description, folder=tmp_path).close()
        else:
            with pytest.raises(ConfigError, match="everybody knows"):
                SimulatedMeter(description, folder=tmp_path)
