"""The same words on a meter with short names, over both facades: what the meter's own object list says is all that is needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import dlmskit
from dlmskit.association.settings import SUPPORTED
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.selective import EntryDescriptor
from dlmskit.errors import LocalProtocolError, ServiceError
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import DataAccessResult
from tests.client.conftest import Connect
from tests.client.small_meter import CLOCK, ENERGY, LOAD, MYSTERY, START, SWITCH, SmallMeter

SHORT = {"client": 48, "names": "short"}


async def test_read_write_call(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **SHORT, **secured) as meter:
        assert meter.context.conformance & (Conformance.READ | Conformance.GET) == Conformance.READ
        assert str(await meter.register(ENERGY)) == "12.3456 kWh"
        assert await meter.read(CLOCK, ["time_zone", "clock_base"]) == [-60, 1]
        await meter.write(CLOCK, "time_zone", -120)
        assert await meter.read(CLOCK, "time_zone") == -120
        await meter.call(SWITCH, "remote_disconnect")
        assert await meter.read(SWITCH, "output_state") is False
        missing, energy = await meter.read_many(["1.0.3.8.0.255", ENERGY])
        assert (missing.code, energy.value) == (DataAccessResult.OBJECT_UNDEFINED, 12345.6)
        with pytest.raises(ServiceError, match="object-undefined"):
            await meter.write("1.0.3.8.0.255", 2, Data.unsigned(1))
        with pytest.raises(ServiceError, match="object-undefined"):
            await meter.call("0.0.96.3.11.255", 1, class_id=70)
        with pytest.raises(LocalProtocolError, match="attribute 0 has no short name"):
            await meter.read(ENERGY, 0)


async def test_few_requests(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    """The object list once, then as many requests as with logical names."""
    async with connect(small_meter.url, **SHORT, **secured) as meter:
        before = len(small_meter.requests)
        await meter.register(ENERGY)
        assert len(small_meter.requests) - before == 3, "the list, the value, the scaler"
        await meter.read_many([ENERGY, "1.0.2.8.0.255", (CLOCK, "time_zone")])
        assert len(small_meter.requests) - before == 5, "values, and the one scaler that is not known"


async def test_a_meter_without_lists(connect: Connect, secured: dict[str, Any]) -> None:
    with SmallMeter(conformance=SUPPORTED & ~Conformance.MULTIPLE_REFERENCES).listening() as small_meter:
        async with connect(small_meter.url, **SHORT, **secured) as meter:
            assert await meter.read(CLOCK, ["time_zone", "clock_base"]) == [-60, 1]


async def test_profiles(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    """By range with chosen columns, and by entry: parameterised access."""
    async with connect(small_meter.url, pdu=300, **SHORT, **secured) as meter:
        profile = meter.profile(LOAD)
        table = await profile.read(START + timedelta(hours=1), START + timedelta(hours=2))
        assert len(table) == 5
        entries = await meter.read(LOAD, "buffer", selection=EntryDescriptor(1, 3, 1, 0))
        assert len(entries) == 3
        assert len(await profile.entries(10, 19)) == 10


@pytest.mark.parametrize("version", [0, 1, 2, 3, 4])
async def test_objects_and_their_rights(connect: Connect, secured: dict[str, Any], version: int) -> None:
    with SmallMeter(association_version=version).listening() as small_meter:
        async with connect(small_meter.url, **SHORT, **secured) as meter:
            entries = {(entry.class_id, str(entry.obis)): entry for entry in await meter.objects()}
            assert await meter.read(MYSTERY) == 5, "the list tells the class of every code"
    energy = entries[3, str(ENERGY)]
    assert (energy.version, energy.class_name) == (0, "Register")
    assert entries[12, "0.0.40.0.0.255"].version == version
    assert energy.rights.attributes == ({} if version < 2 else {1: AccessMode.READ, 2: AccessMode.READ, 3: AccessMode.READ})


async def test_a_list_is_refused(connect: Connect, small_meter: SmallMeter) -> None:
    """Short names are the meter's to tell: without its list there are none."""
    words = {"client": 48, "names": "short", "mechanism": 0, "context": "plain", "allow_weak": True}
    with pytest.warns(dlmskit.WeakSecurityWarning), pytest.raises(ServiceError):
        async with connect(small_meter.url, **words) as meter:
            await meter.read(ENERGY)


async def test_acts_in_order(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    """There is no ACCESS with short names: one after the other."""
    async with connect(small_meter.url, **SHORT, **secured) as meter:
        acts = [dlmskit.Write(CLOCK, "time_zone", -30), dlmskit.Read(CLOCK, "time_zone"), dlmskit.Read("1.0.3.8.0.255")]
        done, zone, refused = await meter.in_order(acts)
    assert (done, zone, refused.code) == (None, -30, DataAccessResult.OBJECT_UNDEFINED)
