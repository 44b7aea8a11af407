"""gurux_dlms hears what our meter pushes, and our listener what gurux_dlms pushes: ciphered, over the wrapper."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSData, GXDLMSPushSetup
from gurux_dlms.secure import GXDLMSSecureClient, GXDLMSSecureNotify

import dlmskit
from dlmskit.apps.simulator.description import parse_description
from dlmskit.apps.simulator.meter import SimulatedMeter, running
from dlmskit.client.counters import Counters
from dlmskit.security.vault_tables import vault_from_tables
from tests.interop.gurux_client import GAK, GUEK

HOUSEHOLD = (Path(__file__).parents[2] / "examples" / "household.toml").read_text(encoding="utf-8")
TITLE = "4C41420000000001"


async def test_gurux_reads_our_push() -> None:
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.put_nowait(await reader.read())
        writer.close()

    server = await asyncio.start_server(heard, "127.0.0.1", 0)
    url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    table = f'[[push]]\nobjects = ["0.0.42.0.0.255", "1.0.1.8.0.255:3"]\ndestination = "{url}"\nat_start = true\n'
    meter = SimulatedMeter(parse_description(f"{HOUSEHOLD}\n{table}"), past=False)
    async with running(meter), asyncio.timeout(20):
        octets = await received.get()
    meter.close()
    server.close()
    client = GXDLMSSecureClient(True, 1, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    client.ciphering.blockCipherKey, client.ciphering.authenticationKey = GUEK, GAK
    notification = GXReplyData()
    client.getData(GXByteBuffer(octets), GXReplyData(), notification)
    name, scaler_unit = notification.value
    assert bytes(name) == b"LAB0000000000001"
    assert [int(part) for part in scaler_unit] == [0, 30]


async def test_our_listener_verifies_a_push_of_gurux() -> None:
    notify: Any = GXDLMSSecureNotify(True, 1, 1, InterfaceType.WRAPPER)
    notify.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    notify.ciphering.systemTitle = bytes.fromhex(TITLE)
    notify.ciphering.blockCipherKey, notify.ciphering.authenticationKey = GUEK, GAK
    notify.ciphering.invocationCounter = 7
    value = GXDLMSData("0.0.96.1.0.255")
    value.value = "LAB00000001"
    setup = GXDLMSPushSetup()
    setup.pushObjectList.append((value, GXDLMSCaptureObject(2, 0)))
    messages = notify.generatePushSetupMessages(None, setup)
    keys = vault_from_tables({TITLE: {"guek": GUEK.hex(), "gak": GAK.hex()}})
    async with dlmskit.listen("tcp://127.0.0.1:0", keys=keys, counters=Counters.in_memory()) as listener:
        port = int(listener.urls[0].rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        for message in messages:
            writer.write(bytes(message))
        async with asyncio.timeout(10):
            push = await anext(listener)
        writer.close()
    assert (push.trusted, push.reason, str(push.system_title)) == (True, "", TITLE)
    assert "LAB00000001" in [value.value for value in push.values]
