"""Foreign clients read our server over HDLC: link control, segments and addresses are of their making."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem import CosemAttribute
from dlms_cosem.cosem import Obis as CosemObis
from dlms_cosem.enumerations import CosemInterface
from dlms_cosem.io import BlockingTcpIO, HdlcTransport
from dlms_cosem.security import NoSecurityAuthentication
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType

from dlmskit.apps.simulator.serving import Served, Serving, served
from dlmskit.association.ports import EventCode
from dlmskit.link.hdlc.control import FrameKind
from dlmskit.link.hdlc.frame import decode_frame
from dlmskit.types.obis import Obis
from tests.interop.gurux_hdlc import GuruxHdlcClient
from tests.interop.gurux_server import GuruxServer, Reply

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


CIPHERED = {"client": 1, "authentication": Authentication.HIGH_GMAC, "ciphered": True}


async def test_gurux_reads_object_list_and_profile_over_hdlc(meter: Served) -> None:
    """In segments of every size, window 1.

    A wider one is beyond gurux_dlms 1.0.203: its check of the control field forgets the number of a second frame with P=0, and
    fails of itself (UnboundLocalError) where it then polls. By 6.4.4 up to seven frames need no P in between.
    """

    def work(client: GuruxHdlcClient) -> tuple[int, list[Any]]:
        count = len(client.objects())
        profile = client.find(ObjectType.PROFILE_GENERIC, "1.0.99.1.0.255")
        client.read(profile, 3)
        return count, list(client.entries(profile, 1, 96))

    stored = meter.meter.device[1].tree.get(7, Obis("1.0.99.1.0.255")).get(2).value
    for number, information in enumerate((64, 128, 2000)):
        count, rows = await as_client(meter, work, information=information, first_counter=1 + number * 1000, **CIPHERED)
        assert count == len(meter.meter.device[1].clients[1].association.role.objects)
        assert [row[1:] for row in rows] == [list(row[1:]) for row in stored[:96]]
    assert [entry.code for entry in meter.meter.device.log] == [EventCode.ASSOCIATED, EventCode.RELEASED] * 3
    # The long form of the same address, and the address of somebody else.
    count, _ = await as_client(meter, work, octets=4, first_counter=5000, **CIPHERED)
    assert count
    with pytest.raises(TimeoutError):
        await as_client(meter, work, lower=18, **CIPHERED)
    assert meter.listener.connections == 0


async def test_dlms_cosem_reads_our_server_over_hdlc(meter: Served) -> None:
    """Public client; the object list comes in segments, each of which it acknowledges by RR."""

    def session() -> tuple[bytes, bytes]:
        io = BlockingTcpIO(host="127.0.0.1", port=meter.listener.port, timeout=5)
        line = HdlcTransport(client_logical_address=16, server_logical_address=1, server_physical_address=17, io=io)
        with DlmsClient(transport=line, authentication=NoSecurityAuthentication()).session() as client:
            name = CosemAttribute(CosemInterface.DATA, CosemObis(0, 0, 42, 0, 0, 255), 2)
            listed = CosemAttribute(CosemInterface.ASSOCIATION_LN, CosemObis(0, 0, 40, 0, 0, 255), 2)
            return client.get(name), client.get(listed)

    name, listed = await asyncio.to_thread(session)
    assert name[2:] == meter.meter.device[1].name.encode()
    assert len(listed) > 3 * 125
    assert meter.listener.connections == 0


def test_the_server_of_gurux_answers_no_snrm() -> None:
    """Why our client is not shown against it: its `handleSnrmRequest` fails (it reads attributes of None), and what it says
    then is an I frame; by IEC 62056-46, 6.4.4.4.3 it is UA or DM.
    """
    server = GuruxServer()
    server.settings.interfaceType = InterfaceType.HDLC
    reply = Reply(bytes.fromhex("7EA0070321930F017E"))
    server.handleRequest(reply)
    assert decode_frame(bytes(reply.reply)).control.kind is FrameKind.I
