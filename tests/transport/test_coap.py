"""The CoAP profile on real sockets: URLs, our client with our meter, aiocoap as a peer on either side, tshark on what is sent."""

import asyncio
import shutil
import socket
import struct
import subprocess
from contextlib import asynccontextmanager

import aiocoap
import aiocoap.resource
import pytest
from aiocoap.numbers.codes import Code

import dlmskit
from dlmskit.client.counters import STATE_VARIABLE
from dlmskit.errors import ConfigError, TransportError
from dlmskit.link.adaptation import Sdu
from dlmskit.link.coap.link import CoapAdaptation
from dlmskit.transport.base import Saps
from dlmskit.transport.url import listen_at, transport_from_url
from tests.client.small_meter import ENERGY, KEYS, SmallMeter, handler_of
from tests.transport.test_tcp import HANDLERS, Echo


@asynccontextmanager
async def echoing(path="dlms"):
    HANDLERS.clear()
    listener = await listen_at(f"coap://127.0.0.1:0/{path}", Echo)
    try:
        yield listener
    finally:
        await listener.close()


async def test_our_client_reads_our_meter(tmp_path, monkeypatch):
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    meter = SmallMeter()
    listener = await listen_at("coap://127.0.0.1:0/m?block=64", lambda connection: handler_of(meter, connection))
    url = f"coap://127.0.0.1:{listener.port}/m?client=1&client_title=4D4D4D0000000001&counters=memory"
    async with dlmskit.connect(url, keys=KEYS) as client:
        assert await client.read(ENERGY) == 123456
    await listener.close()


@pytest.mark.parametrize("options", ["", "&confirmable=no", "&block=16"])
@pytest.mark.parametrize("size", [5, 3000])
async def test_both_sides_are_ours(options, size):
    async with echoing() as listener, transport_from_url(f"coap://127.0.0.1:{listener.port}/dlms?client=2{options}") as client:
        await client.send(bytes(size))
        assert await client.receive() == bytes(size)
        await client.send(b"push")
        assert await client.receive() == b"pushed"


async def test_another_path_is_not_found():
    async with echoing() as listener, transport_from_url(f"coap://127.0.0.1:{listener.port}/other") as client:
        await client.send(b"hello")
        with pytest.raises(TransportError, match=r"refused with 4\.04"):
            await client.receive()


@pytest.mark.parametrize("size", [5, 1024, 1025, 5000])
async def test_foreign_client(size):
    """aiocoap posts to our server, in blocks where it is long, and fetches the answer in blocks."""
    async with echoing() as listener:
        context = await aiocoap.Context.create_client_context(transports=["udp6"])
        uri = f"coap://127.0.0.1:{listener.port}/dlms/1?client=32"
        payload = bytes(index * 7 & 0xFF for index in range(size))
        response = await asyncio.wait_for(context.request(aiocoap.Message(code=Code.POST, uri=uri, payload=payload)).response, 20)
        assert (response.code, response.payload) == (Code.CHANGED, payload)
        assert HANDLERS[0].heard == [payload]
        await context.shutdown()


class _Resource(aiocoap.resource.Resource):  # type: ignore[misc]
    """Answers a POST with itself, late where it is told to."""

    async def render_post(self, request):
        if request.payload == b"late":
            await asyncio.sleep(0.5)
        return aiocoap.Message(code=Code.CHANGED, payload=request.payload)


@asynccontextmanager
async def foreign_server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = aiocoap.resource.Site()
    site.add_resource(["dlms", "1"], _Resource())
    context = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", port), transports=["udp6"])
    try:
        yield port
    finally:
        await context.shutdown()


@pytest.mark.parametrize("payload", [b"short", b"late", bytes(1024), bytes(1025), bytes(5000)], ids=len)
@pytest.mark.parametrize("options", ["", "?confirmable=no", "?block=256"])
async def test_foreign_server(payload, options):
    async with foreign_server() as port, transport_from_url(f"coap://127.0.0.1:{port}/dlms{options}") as client:
        await client.send(payload)
        assert await client.receive() == payload


def test_tshark_reads_the_same(tmp_path):
    one = CoapAdaptation(lambda: 0.5, server=False, path="dlms")
    one.submit(Sdu(32, 1, b"\xc0" + bytes(1999)), 0)
    file = tmp_path / "coap.pcap"
    datagram = one.frames[0]
    udp = struct.pack(">HHHH", 5683, 5683, 8 + len(datagram), 0) + datagram
    packet = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001) + udp
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    file.write_bytes(header + struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)
    assert shutil.which("tshark"), "tshark is missing: scripts/services.sh installs it"
    fields = (
        "coap.type",
        "coap.code",
        "coap.opt.uri_path",
        "coap.opt.uri_query",
        "coap.opt.block_number",
        "coap.opt.block_mflag",
    )
    wanted = [word for field in fields for word in ("-e", field)]
    told = subprocess.run(["tshark", "-r", file, "-T", "fields", *wanted], capture_output=True, text=True, check=True).stdout
    assert told.rstrip("\n").split("\t") == ["0", "2", "dlms,1", "client=32", "0", "1"]


def test_urls():
    client = transport_from_url("coap://192.0.2.7/dlms?client=2")
    assert (client.saps, client.profile.name, client.profile.reliable) == (Saps(2, 1), "coap", False)
    for query, message in (("block=17", "block=17 is none of 16, 32"), ("confirmable=perhaps", "neither yes nor no")):
        with pytest.raises(ConfigError, match=message):
            transport_from_url(f"coap://192.0.2.7/dlms?{query}")
