"""Role tables of a description: what they compile into, what they refuse, and ``dlmskit rbac check`` on the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dlmskit.apps.cli import main
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.apps.simulator.roles import intents_of
from dlmskit.cosem.access import AccessMode
from dlmskit.errors import ConfigError
from dlmskit.server.rbac import check
from dlmskit.types.obis import Obis

HEAD = """
lab = true
[meter]
system_title = "4C41420000000001"
name = "LAB0000000000001"
[keys]
guek = "000102030405060708090A0B0C0D0E0F"
gak = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
[registers]
"1.0.1.8.0.255" = "active-energy-import"
"""
BILLING = """
[[role]]
name = "billing"
sap = 2
mechanism = "hls-gmac"
ciphered = true
association_version = 1
policy = { request = ["authenticated"], response = ["authenticated"] }
[[role.grant]]
objects = ["1.0.*.8.0.255"]
operations = ["read"]
request = ["encrypted"]
response = ["encrypted"]
[[role.grant]]
objects = ["0.0.1.0.0.255:2"]
operations = ["read", "write"]
"""


def meter(text: str) -> SimulatedMeter:
    return SimulatedMeter(parse_description(text), past=False)


def test_a_role_compiles_into_association_policy_and_rights() -> None:
    made = meter(HEAD + BILLING)
    client = made.device[1].clients[2]
    assert (client.association.version, client.setup.version if client.setup else None) == (1, 1)
    assert client.settings.policy == 0x24
    rights = client.association.role.objects
    assert rights[3, Obis("1.0.1.8.0.255")].attributes[2] == AccessMode.READ | 0x48
    assert rights[8, Obis("0.0.1.0.0.255")].attributes[2] == AccessMode.READ_WRITE
    found = check(made.device, intents_of(made.description))
    assert {(str(one.logical_name), one.operation.value) for one in found} == {("0.0.1.0.0.255", "set")}
    made.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[role]]\nname="a"\nsap=2\npolicy={request=["signed"]}', "needs ciphering"),
        (
            '[[role]]\nname="a"\nsap=2\n[[role.grant]]\nobjects=["*"]\noperations=["read"]\nrequest=["signed"]',
            "without ciphering",
        ),
        ('[[role]]\nname="a"\nsap=2\n[[role.grant]]\nobjects=["*"]\noperations=["reed"]', "operations"),
        ('[[role]]\nname="a"\nsap=2\n[[role.grant]]\nobjects=[]\noperations=["read"]', "objects"),
        ('[[role]]\nname="a"\nsap=2\n[[role.grant]]\nobjects=["1.2.3"]\noperations=["read"]', "no pattern"),
        ('[[role]]\nname="a"\nsap=2\n[[role.grant]]\nobjects=["9.9.9.9.9.9"]\noperations=["read"]', "no object is meant"),
        ('[[role]]\nname="a"\nsap=2\nassociation_version=5', "association_version"),
        ('[[role]]\nname="a"\nsap=2\ngrants=[]', "did you mean grant"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        meter(HEAD + text)


def test_an_intent_for_nobody_is_refused() -> None:
    with pytest.raises(ConfigError, match="no role 'biling'"):
        intents_of(parse_description(HEAD + BILLING + '[[intent]]\nroles = ["biling"]\n'))


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0), capsys.readouterr().out


def test_the_command_lists_what_is_weaker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "meter.toml"
    path.write_text(HEAD + BILLING)
    code, out = run(["rbac", "check", str(path), "--json"], capsys)
    document = json.loads(out)
    assert (code, document["intent"], len(document["findings"])) == (1, "baseline", 1)
    assert document["findings"][0]["missing_request"] == ["encrypted"]
    code, out = run(["rbac", "check", str(path)], capsys)
    assert code == 1
    assert "0.0.1.0.0.255" in out
    assert "1 weaker than intended" in out
    path.write_text(HEAD + BILLING + '[[intent]]\nrequest = ["authenticated"]\nresponse = []\n')
    code, out = run(["rbac", "check", str(path), "--json"], capsys)
    assert (code, json.loads(out)) == (0, {"findings": [], "intent": "own"})
    assert run(["rbac", "check", str(path)], capsys) == (0, "Nothing is weaker than intended.\n")


def test_the_command_explains_a_file_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["rbac", "check", str(tmp_path / "missing.toml")])
    assert left.value.code == 2


# --- Secrets of the device ---


def test_the_secret_of_the_device_comes_from_the_file_or_from_beside_it(tmp_path: Path) -> None:
    secret = tmp_path / "device.secret"
    secret.write_text("ab" * 32 + "\n")
    secret.chmod(0o600)
    text = 'device_secret_file = "device.secret"\n' + HEAD + BILLING
    SimulatedMeter(parse_description(text), folder=tmp_path, past=False).close()
    secret.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        SimulatedMeter(parse_description(text), folder=tmp_path, past=False)
    short = HEAD.replace("[keys]", '[keys]\ndevice_secret = "abcd"') + BILLING
    with pytest.raises(ConfigError, match="at least 16 octets"):
        SimulatedMeter(parse_description(short), folder=tmp_path, past=False)
    secret.chmod(0o600)
    with pytest.raises(ConfigError, match="keep one of them"):
        both = text.replace("[keys]", '[keys]\ndevice_secret = "abcd"')
        SimulatedMeter(parse_description(both), folder=tmp_path, past=False)


def test_a_trust_anchor_is_the_certificate_of_an_authority(tmp_path: Path) -> None:
    from tests.server.keyed import authority

    root = tmp_path / "root.der"
    text = 'trust_anchors = ["root.der"]\n' + HEAD + BILLING
    for octets, message in ((None, "cannot be read"), (b"garbage", "no certificate in DER")):
        if octets is not None:
            root.write_bytes(octets)
        with pytest.raises(ConfigError, match=message):
            SimulatedMeter(parse_description(text), folder=tmp_path, past=False)
    root.write_bytes(authority(1).certificate.octets)
    made = SimulatedMeter(parse_description(text), folder=tmp_path, past=False)
    assert len(made.device[1].clients[2].config.trust_anchors) == 1
    made.close()


def test_the_example_of_roles_is_as_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parents[3] / "examples" / "roles.toml"
    assert run(["rbac", "check", str(example)], capsys) == (0, "Nothing is weaker than intended.\n")
