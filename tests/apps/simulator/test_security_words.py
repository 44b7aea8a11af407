"""Words of a connection against a simulated meter over TCP: mechanism, suite, wrapping, signature, compression, all the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.apps.simulator.serving import Serving, served
from dlmskit.association.ports import EventCode

KEYS_16 = ('guek = "000102030405060708090A0B0C0D0E0F"', 'gak = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"')
KEYS_32 = tuple(f'{line[:-1]}{line.split(chr(34))[1]}"' for line in KEYS_16)
SECRET = bytes(range(32)).hex()
CASES: list[tuple[int, str, dict[str, Any], bool]] = [
    (0, "hls-sha256", {}, False),
    (0, "hls-gmac", {"wrapping": "general-ciphering"}, False),
    (0, "hls-gmac", {"wrapping": "general-ciphering", "general_key": "wrapped"}, False),
    (0, "hls-md5", {"allow_weak": True}, False),
    (0, "hls-sha1", {"allow_weak": True}, False),
    *(
        (suite, mechanism, words, signed)
        for suite in (1, 2)
        for mechanism, words, signed in (
            ("hls-ecdsa", {}, False),
            ("hls-ecdsa", {"sign": "yes"}, True),
            ("hls-sha256", {"wrapping": "general-ciphering", "general_key": "one-pass", "sign": "inside"}, True),
            ("hls-gmac", {"wrapping": "general-ciphering", "general_key": "static-unified", "compress": "yes"}, False),
            ("hls-gmac", {"wrapping": "general-glo", "compress": True, "dedicated": True}, False),
        )
    ),
]


def description(suite: int, mechanism: str, signed: bool) -> str:
    """One client who reads everything, one who reads the counter."""
    keys = "\n".join(KEYS_16 if suite < 2 else KEYS_32)
    return f"""
lab = true
[meter]
system_title = "4C41420000000001"
name = "LAB0000000000001"
security_suite = {suite}
[keys]
{keys}
kek = "{bytes(range(0x40, 0x50 if suite < 2 else 0x60)).hex()}"
hls_secret = "{SECRET}"
[[client]]
name = "public"
sap = 16
read = ["0.0.43.1.*.255"]
[[client]]
name = "management"
sap = 1
mechanism = "{mechanism}"
ciphered = true
signed = {str(signed).lower()}
read = ["*"]
write = ["0.0.96.1.1.255"]
[registers]
"1.0.1.8.0.255" = "active-energy-import"
[[object]]
obis = "0.0.96.1.1.255"
attributes = {{ value = {{ type = "octet-string", value = "" }} }}
"""


@pytest.mark.filterwarnings("ignore::dlmskit.client.plan.WeakSecurityWarning")
@pytest.mark.parametrize(("suite", "mechanism", "words", "signed"), CASES, ids=str)
async def test_a_session(tmp_path: Path, suite: int, mechanism: str, words: dict[str, Any], signed: bool) -> None:
    """With nothing but the key file that the lab meter leaves: read and write; without the words the same meter says no."""
    path = tmp_path / "meter.toml"
    path.write_text(description(suite, mechanism, signed))
    async with served(path, Serving(port=0, state=tmp_path / "state")) as meter:
        common: dict[str, Any] = {
            "keys": meter.key_file,
            "counters": tmp_path / "counters.sqlite",
            "suite": suite,
            "entry": "4C41420000000001",
        }
        async with dlmskit.connect(meter.url, mechanism=mechanism, **common, **words) as client:
            await client.write("0.0.96.1.1.255", 2, b"cellar")
            assert await client.read("0.0.96.1.1.255") == b"cellar"
        assert EventCode.PROTECTION_FAILED not in {entry.code for entry in meter.meter.device.log}
        if signed:
            with pytest.raises(dlmskit.DlmsError):
                async with dlmskit.connect(meter.url, mechanism=mechanism, **common):
                    pass
