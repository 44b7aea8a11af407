"""gurux_dlms as a foreign peer over HDLC: it reads our server, and our client reads a server of its making."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from gurux_dlms.enums import Authentication, ObjectType

from dlmskit.apps.simulator.serving import Served, Serving, served
from dlmskit.association.ports import EventCode
from dlmskit.types.obis import Obis
from tests.interop.gurux_hdlc import GuruxHdlcClient

T = TypeVar("T")
EXAMPLE = Path(__file__).parents[2] / "examples" / "household.toml"


@pytest.fixture
async def meter() -> AsyncIterator[Served]:
    async with served(EXAMPLE, Serving(url="hdlc+tcp://127.0.0.1:0?server_lower=17")) as meter:
        yield meter


async def as_client(meter: Served, work: Callable[[GuruxHdlcClient], T], **words: Any) -> T:
    def session() -> T:
        with GuruxHdlcClient(meter.listener.port, **words) as client:
            return work(client)

    return await asyncio.to_thread(session)


@pytest.mark.parametrize(("information", "window"), [(128, 1), (64, 1), (2000, 1), (128, 3), (512, 7)])
async def test_gurux_reads_object_list_and_profile_over_hdlc(meter: Served, information: int, window: int) -> None:
    def work(client: GuruxHdlcClient) -> tuple[list[str], list[Any]]:
        names = [one.logicalName for one in client.objects()]
        profile = client.find(ObjectType.PROFILE_GENERIC, "1.0.99.1.0.255")
        client.read(profile, 3)
        return names, list(client.entries(profile, 1, 96))

    names, rows = await as_client(
        meter,
        work,
        client=32,
        authentication=Authentication.LOW,
        password="12345678",
        information=information,
        window=window,
    )
    listed = meter.meter.device[1].clients[32].association.role.objects
    assert len(names) == len(listed)
    stored = meter.meter.device[1].tree.get(7, Obis("1.0.99.1.0.255")).get(2).value
    assert [row[1:] for row in rows] == [list(row[1:]) for row in stored[:96]]
    assert [entry.code for entry in meter.meter.device.log] == [EventCode.ASSOCIATED, EventCode.RELEASED]


@pytest.mark.parametrize("lower", [17, 5000])
async def test_ciphered_with_mechanism_5_over_hdlc(lower: int) -> None:
    def work(client: GuruxHdlcClient) -> Any:
        client.objects()
        return client.read(client.find(ObjectType.REGISTER, "1.0.14.7.0.255"))

    async with served(EXAMPLE, Serving(url=f"hdlc+tcp://127.0.0.1:0?server_lower={lower}")) as meter:
        frequency = await as_client(
            meter, work, client=1, authentication=Authentication.HIGH_GMAC, ciphered=True, lower=lower, window=7
        )
    assert 4990 <= frequency <= 5010 or 49.9 <= frequency <= 50.1
