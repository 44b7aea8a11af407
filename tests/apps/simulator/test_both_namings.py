"""One simulated meter, two logical devices, clients of both kinds at once: each finds what it may see by its own names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import dlmskit
from dlmskit.apps.simulator.serving import Served, Serving, served
from dlmskit.cosem.access import AccessMode, ObjectKey
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

METER = """
lab = true

[meter]
system_title = "4D4D4D0000000003"
name = "MMM-ONE"

[keys]
guek = "000102030405060708090A0B0C0D0E0F"
gak = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"

[[logical_device]]
sap = 17
name = "MMM-TWO"

[[client]]
name = "public"
sap = 16
read = ["*"]

[[client]]
name = "short"
sap = 48
names = "short"
mechanism = "hls-gmac"
ciphered = true
read = ["*"]

[[client]]
name = "logical"
sap = 2
mechanism = "hls-gmac"
ciphered = true
read = ["*"]

[[client]]
name = "of the second"
sap = 16
logical_device = 17
names = "short"
read = ["*"]

[registers]
"1.0.1.8.0.255" = "active-energy-import"
"1.0.2.8.0.255" = { measures = "active-energy-export", logical_device = 17 }
"""
CURRENT = Obis("0.0.40.0.0.255")


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[Served]:
    description = tmp_path / "meter.toml"
    description.write_text(METER, encoding="utf-8")
    async with served(description, Serving(port=0)) as meter:
        yield meter


async def test_several_associations_at_once(simulated: Served) -> None:
    """The SAP assignment says what logical devices there are; each is read beside the other, by long names and by short ones."""
    keys = simulated.key_file
    public = dlmskit.connect(simulated.url)
    short = dlmskit.connect(simulated.url, client=48, names="short", keys=keys, counters="memory")
    logical = dlmskit.connect(simulated.url, client=2, keys=keys, counters="memory")
    second = dlmskit.connect(simulated.url, server=17, names="short")
    async with public as one, short as two, logical as three, second as four:
        assigned = await one.read("0.0.41.0.0.255", "SAP_assignment_list")
        assert [(entry[0], bytes(entry[1])) for entry in assigned] == [(1, b"MMM-ONE"), (17, b"MMM-TWO")]
        assert await two.read("0.0.41.0.0.255", "SAP_assignment_list") == assigned
        assert await two.read("0.0.42.0.0.255") == await three.read("0.0.42.0.0.255")
        assert (await two.register("1.0.1.8.0.255")).unit_symbol == "Wh"
        assert bytes(await four.read("0.0.42.0.0.255")) == b"MMM-TWO"
        assert (await four.register("1.0.2.8.0.255")).unit_symbol == "Wh"
        with pytest.raises(ServiceError) as caught:
            await four.read("1.0.1.8.0.255")
        assert caught.value.code == DataAccessResult.OBJECT_UNDEFINED
        assert len(await three.objects()) == len(await two.objects())


async def test_what_a_client_may_do_with_its_own_association(simulated: Served) -> None:
    """Look at it, and prove itself: method 8 of Association SN, method 1 of Association LN."""
    device = simulated.meter.device[1]
    short: ObjectKey = (12, CURRENT)
    logical: ObjectKey = (15, CURRENT)
    assert device.clients[48].association.role.objects[short].methods == {8: AccessMode.ACCESS}
    assert device.clients[2].association.role.objects[logical].methods == {1: AccessMode.ACCESS}
