"""gurux_dlms reads our server by ACCESS and by short names, over TCP, with its own idea of where short names lie.

What gurux 1.0.203 does otherwise than the standard, and what that means here:

- It writes every method of short names (WRITE), also reply_to_HLS_authentication, whose answer has to carry f(CtoS): a WRITE
  returns nothing (Green Book, WriteResponse), so mechanism 5 with short names cannot be tried against it. Ours is held by the
  vectors ``method-sn-read-param`` and its response.
- It parses the list of values of an ACCESS response but cannot protect an ACCESS request with general-glo when its
  ciphering is service-specific, so ACCESS is tried in clear (``tests/association/test_access.py`` has the ciphered forms).
- Its ACCESS cannot carry a SET or ACTION: it fails on its own arguments (``ValueEventArgs`` without settings) before it sends.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from gurux_dlms.enums import AccessServiceCommandType, Authentication, DataType, ObjectType
from gurux_dlms.objects import GXDLMSClock, GXDLMSRegister

from dlmskit.apps.simulator.serving import Served, Serving, served
from dlmskit.cosem.short_names import signed
from dlmskit.types.obis import Obis
from tests.interop.conftest import HOUSEHOLD
from tests.interop.gurux_client import GuruxClient

T = TypeVar("T")
SHORT: dict[str, Any] = {"client": 48, "logical_names": False}
CLIENTS = """
[[client]]
name = "short"
sap = 48
names = "short"
read = ["*"]
write = ["0.0.1.0.0.255"]
execute = ["0.0.1.0.0.255", "0.0.96.3.10.255"]

[[client]]
name = "short with a password"
sap = 49
names = "short"
mechanism = "lls"
password = "12345678"
read = ["0.0.1.0.0.255"]

[[client]]
name = "access"
sap = 50
read = ["*"]
write = ["0.0.1.0.0.255"]
"""


@pytest.fixture
async def meter(tmp_path: Path) -> AsyncIterator[Served]:
    description = tmp_path / "meter.toml"
    text = HOUSEHOLD.read_text(encoding="utf-8")
    before, registers = re.sub(r"depth = \d+", "depth = 300", text).split("# --- What it measures ---", 1)
    description.write_text(f"{before}{CLIENTS}\n{registers}", encoding="utf-8")
    async with served(description, Serving(port=0)) as found:
        yield found


async def as_client(meter: Served, work: Callable[[GuruxClient], T], **words: Any) -> T:
    def session() -> T:
        with GuruxClient(meter.listener.port, **words) as client:
            return work(client)

    return await asyncio.to_thread(session)


def base_name(meter: Served, class_id: int, code: str) -> int:
    found = meter.meter.device[1].tree.base_names.base_of((class_id, Obis(code)))
    assert found is not None
    return found


# --- ACCESS ----------------------------------------------------------------------------------------------------------------


async def test_access_reads_a_list_with_a_refusal(meter: Served) -> None:
    items = [(GXDLMSClock("0.0.1.0.0.255"), 3), (GXDLMSRegister("1.0.99.99.99.255"), 2), (GXDLMSRegister("1.0.32.7.0.255"), 2)]

    def work(client: GuruxClient) -> list[tuple[int, Any]]:
        return client.access(AccessServiceCommandType.GET, items)

    (zone, _), (missing, nothing), (voltage, volts) = [
        (result, value) for result, value in await as_client(meter, work, client=50, access=True)
    ]
    assert (zone, missing, voltage) == (0, 4, 0)
    assert nothing is None
    assert 2000 < volts < 2600


# --- Short names -----------------------------------------------------------------------------------------------------------


async def test_the_object_list_and_a_register_with_its_unit(meter: Served) -> None:
    def work(client: GuruxClient) -> tuple[dict[str, int], Any, int]:
        names = {f"{int(one.objectType)} {one.logicalName}": one.shortName for one in client.objects()}
        register = client.find(ObjectType.REGISTER, "1.0.32.7.0.255")
        client.read(register, 3)
        return names, client.read(register), int(register.unit)

    names, volts, unit = await as_client(meter, work, **SHORT)
    assert names["3 1.0.32.7.0.255"] == base_name(meter, 3, "1.0.32.7.0.255")
    assert names["12 0.0.40.0.0.255"] & 0xFFFF == 0xFA00
    assert names["1 0.0.42.0.0.255"] & 0xFFFF == 0xFD00
    assert (200 < volts < 260, unit) == (True, 35)


async def test_every_base_name_that_gurux_reads_is_ours(meter: Served) -> None:
    def work(client: GuruxClient) -> list[tuple[int, str, int]]:
        return [(int(one.objectType), one.logicalName, one.shortName) for one in client.objects()]

    for class_id, code, name in await as_client(meter, work, **SHORT):
        assert signed(name & 0xFFFF) == signed(base_name(meter, class_id, code)), code


async def test_writing_and_a_method(meter: Served) -> None:
    """gurux takes the offset of the first method from its own table: 60 for a clock, 20 for a disconnector."""

    def work(client: GuruxClient) -> Any:
        client.objects()
        clock = client.find(ObjectType.CLOCK, "0.0.1.0.0.255")
        clock.timeZone = -45
        client.write(clock, 3)
        switch = client.find(ObjectType.DISCONNECT_CONTROL, "0.0.96.3.10.255")
        client.method(switch, 1, 0, DataType.INT8)
        return client.read(clock, 3), client.read(switch, 2)

    assert await as_client(meter, work, **SHORT) == (-45, False)


async def test_a_profile_in_blocks_by_range_and_by_entry(meter: Served) -> None:
    """The buffer is longer than the meter's 2048 octets: data-block-results, and block-number-access from gurux."""

    def work(client: GuruxClient) -> tuple[int, int, int]:
        client.objects()
        profile = client.find(ObjectType.PROFILE_GENERIC, "1.0.99.1.0.255")
        client.read(profile, 3)
        now = client.read(client.find(ObjectType.CLOCK, "0.0.1.0.0.255")).value
        day = client.rows_between(profile, now - timedelta(days=2), now)
        return len(client.entries(profile, 1, 5)), len(day), len(profile.captureObjects)

    entries, day, columns = await as_client(meter, work, **SHORT)
    assert entries == 5
    assert 190 <= day <= 193
    assert columns > 2


async def test_lls(meter: Served) -> None:
    def work(client: GuruxClient) -> Any:
        client.objects()
        return client.read(client.find(ObjectType.CLOCK, "0.0.1.0.0.255"), 3)

    words = {"client": 49, "logical_names": False, "authentication": Authentication.LOW, "password": "12345678"}
    assert await as_client(meter, work, **words) == -60
