"""The gateway protocol on real sockets: meters read through a gateway, pushes from behind it, limits and faults."""

import asyncio
import contextlib

import pytest

import dlmskit
from dlmskit.client.counters import STATE_VARIABLE
from dlmskit.errors import ConfigError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.gateway import GatewayPdu, decode_gateway
from dlmskit.transport.base import Saps
from dlmskit.transport.forwarding import WAITING_APDUS, Gateway, route_to
from dlmskit.transport.gateway import DeviceAddress, GatewayTransport
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.tcp_server import serve_tcp
from dlmskit.transport.udp import UdpTransport, serve_udp
from dlmskit.transport.url import listen_at, transport_from_url
from tests.client.small_meter import ENERGY, KEYS, LOAD, SmallMeter
from tests.transport.test_tcp import Echo, foreign, until

ONE, TWO = DeviceAddress(0, b"12345678"), DeviceAddress(5, bytes.fromhex("0011223344556677"))


@contextlib.asynccontextmanager
async def gateway_at(listen, devices, limits=DEFAULT, **words):
    gateway = Gateway(devices, limits=limits, **words)
    listener = await listen_at(listen, gateway.connected, limits)
    try:
        yield gateway, listener.port
    finally:
        await listener.close()
        await gateway.close()
        assert not gateway.ways


@pytest.fixture
async def echo():
    served = []

    def handler(connection):
        served.append(Echo(connection))
        return served[-1]

    listener = await listen_at("memory://echo", handler)
    yield served
    await listener.close()


@pytest.mark.parametrize(("front", "door"), [("tcp", "asyncio"), ("tcp", "blocking"), ("udp", "asyncio")])
async def test_meters_are_read_through_it(front, door, tmp_path, monkeypatch):
    """Two meters, one over TCP and one over memory, in clear and ciphered, at the same time."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    plain, secured = SmallMeter(), SmallMeter()
    with plain.listening_on_tcp() as url, secured.listening():
        devices = {
            ONE: route_to(url),
            TWO: route_to(secured.url),
        }
        async with gateway_at(f"{front}://127.0.0.1:0", devices) as (gateway, port):

            async def read(address, obis, attribute, **words):
                if door == "asyncio":
                    async with dlmskit.connect(f"{front}://127.0.0.1:{port}?{address}", **words) as meter:
                        return await meter.read(obis, attribute)

                def blocking():
                    with dlmskit.sync.connect(f"{front}://127.0.0.1:{port}?{address}", **words) as meter:
                        return meter.read(obis, attribute)

                return await asyncio.to_thread(blocking)

            ciphered = {"keys": KEYS, "client_title": "4D4D4D0000000001", "counters": "memory"}
            values = await asyncio.gather(
                read("device=12345678&client=16", "0.0.43.1.0.255", 2),
                read("device=0x0011223344556677&network=5&client=1", ENERGY, 2, **ciphered),
            )
            assert list(values) == [0, 123456]
            rows = await read("device=0x0011223344556677&network=5&client=1", LOAD, 7, **ciphered)
            assert rows == 96
            assert gateway.counts.unknown == gateway.counts.unreached == 0
            await until(lambda: front == "udp" or not gateway.ways)  # a client that leaves ends its ways
        await until(lambda: not secured.open_connections)


async def test_prefix_is_off_behind_and_on_in_front(echo):
    async with (
        gateway_at("tcp://127.0.0.1:0", {ONE: route_to("memory://echo")}) as (gateway, port),
        TcpTransport("127.0.0.1", port, Saps(1, 17)) as client,
    ):
        await client.send(ONE.request(b"\xc0abc"))
        assert decode_gateway(await client.receive()) == GatewayPdu(
            request=False, network_id=0, address=ONE.octets, apdu=b"\xc0abc"
        )
        assert echo[0].heard == [b"\xc0abc"]
        await client.send(ONE.request(b"push"))  # unasked, on an open way
        assert decode_gateway(await client.receive()).apdu == b"pushed"
        assert (gateway.counts.forwarded, gateway.counts.answered) == (2, 2)


@pytest.mark.parametrize(
    ("octets", "count"),
    [
        (TWO.request(b"x"), "unknown"),
        (ONE.response(b"x"), "malformed"),
        (b"\xe6\x00\x00\xc0", "malformed"),
        (b"\xe6\x00\x10\x11", "malformed"),
    ],
)
async def test_what_cannot_be_forwarded_is_dropped_in_silence(echo, octets, count):
    async with (
        gateway_at("tcp://127.0.0.1:0", {ONE: route_to("memory://echo")}) as (gateway, port),
        TcpTransport("127.0.0.1", port) as client,
    ):
        await client.send(octets)
        with pytest.raises(TransportTimeout):
            await client.receive(0.05)
        assert getattr(gateway.counts, count) == 1
        assert not echo
        await client.send(ONE.request(b"next"))
        assert decode_gateway(await client.receive()).apdu == b"next"


async def test_without_prefix_the_gateway_itself_is_meant(echo):
    async with (
        gateway_at("tcp://127.0.0.1:0", {ONE: route_to("memory://echo")}, local=Echo) as (_, port),
        TcpTransport("127.0.0.1", port) as client,
    ):
        await client.send(b"who are you")
        assert await client.receive() == b"who are you"
        assert not echo


async def test_a_device_that_cannot_be_reached_is_no_harm_to_the_others(echo):
    devices = {ONE: route_to("memory://nobody"), TWO: route_to("memory://echo")}
    async with (
        gateway_at("tcp://127.0.0.1:0", devices) as (gateway, port),
        TcpTransport("127.0.0.1", port) as client,
    ):
        await client.send(ONE.request(b"x"))
        await client.send(TWO.request(b"y"))
        assert decode_gateway(await client.receive()).address == TWO.octets
        await until(lambda: gateway.counts.unreached == 1 and len(gateway.ways) == 1)


async def test_a_way_that_breaks_is_made_anew(echo):
    async with (
        gateway_at("tcp://127.0.0.1:0", {ONE: route_to("memory://echo")}) as (gateway, port),
        GatewayTransport(TcpTransport("127.0.0.1", port), ONE) as client,
    ):
        await client.send(b"close")
        assert await client.receive() == b"close"
        await until(lambda: not gateway.ways)
        await client.send(b"again")
        assert await client.receive() == b"again"
        assert len(echo) == 2


async def test_silence_ends_a_way(echo):
    async with (
        gateway_at("tcp://127.0.0.1:0", {ONE: route_to("memory://echo")}, Limits(inactivity_seconds=0.3)) as (gateway, port),
        TcpTransport("127.0.0.1", port) as client,
    ):
        await client.send(ONE.request(b"x"))
        await client.receive()
        assert gateway.ways
        await until(lambda: not gateway.ways and bool(echo[0].reason))
        assert not gateway.counts.unreached


async def test_ways_and_what_waits_for_them_are_bounded(echo):
    """A device that takes no connection, and a client that asks for more and more."""
    never = asyncio.Event()

    class Unreachable(TcpTransport):
        async def open(self):
            await never.wait()

    devices = {DeviceAddress(0, bytes([number])): lambda saps: Unreachable("127.0.0.1") for number in range(6)}
    async with (
        gateway_at("tcp://127.0.0.1:0", devices, Limits(connections=4)) as (gateway, port),
        TcpTransport("127.0.0.1", port) as client,
    ):
        for device in devices:
            for _ in range(WAITING_APDUS + 2):
                await client.send(device.request(b"x"))
        await until(lambda: gateway.counts.overloaded == 4 * 2 + 2 * (WAITING_APDUS + 2))
        assert len(gateway.ways) == 4
        assert gateway.counts.forwarded == 4 * WAITING_APDUS


async def test_pushes_from_behind_reach_the_head_end():
    """Meters that connect by themselves over UDP, told apart by their address; the head end learns which one spoke."""
    heard = []

    class HeadEnd(Echo):
        def received(self, source, destination, apdu):
            heard.append((source, destination, decode_gateway(apdu)))
            return ()

    head_end = await serve_tcp("127.0.0.1", 0, handler_factory=HeadEnd)

    def push_to(saps):
        return TcpTransport("127.0.0.1", head_end.port, saps)

    async with gateway_at("tcp://127.0.0.1:0", {ONE: route_to("memory://x")}, push_to=push_to) as (gateway, _):
        known: dict[str, DeviceAddress] = {}
        behind = await serve_udp("127.0.0.1", 0, handler_factory=gateway.network(known.get))
        saps = Saps(client=1, server=103)  # the caller is the server this time
        async with (
            UdpTransport("127.0.0.1", behind.port, saps) as meter,
            UdpTransport("127.0.0.1", behind.port, saps) as stranger,
        ):
            known[f"127.0.0.1:{meter.local_port}"] = ONE
            await stranger.send(b"\x0f a stranger's")
            await meter.send(b"\x0f a push")
            await until(lambda: bool(heard) and gateway.counts.unknown == gateway.counts.pushed == 1)
        assert heard == [(1, 103, GatewayPdu(request=False, network_id=0, address=ONE.octets, apdu=b"\x0f a push"))]
        await head_end.close()
        gateway.push(ONE, 1, 103, b"\x0f lost")
        await until(lambda: gateway.counts.unreached == 1)
        for _ in range(100):
            gateway.push(ONE, 1, 103, b"\x0f flood")
        assert gateway.counts.overloaded == 100 - 64
        gateway.push(TWO, 1, 103, b"\x0f stranger")
        assert gateway.counts.unknown == 2
        await behind.close()


async def test_push_from_behind_is_understood_by_the_head_end():
    """The push listener takes the prefix off."""
    async with dlmskit.listen("tcp://127.0.0.1:0") as head_end:
        (url,) = head_end.urls
        gateway = Gateway({ONE: route_to("memory://x")}, push_to=route_to(url))
        gateway.push(ONE, 1, 103, bytes.fromhex("0F000000010012002A"))
        push = await anext(aiter(head_end))
        assert (push.server_sap, push.client_sap, push.apdu.name) == (1, 103, "data-notification")
        assert not push.trusted
        await gateway.close()


async def test_answers_of_others_are_not_taken():
    async def answer(reader, writer):
        await reader.read(100)
        for device in (TWO, DeviceAddress(1, ONE.octets), ONE):
            octets = device.response(b"\xc4" + device.octets)
            writer.write(b"\x00\x01\x00\x01\x00\x10\x00" + bytes([len(octets)]) + octets)
        writer.write(b"\x00\x01\x00\x01\x00\x10\x00\x01\xc4")

    async with foreign(answer) as port, GatewayTransport(TcpTransport("127.0.0.1", port), ONE) as client:
        await client.send(b"\xc0")
        assert await client.receive() == b"\xc4" + ONE.octets
        with pytest.raises(TransportError):
            await client.receive(0.1)
        assert client.discarded == 3


def test_urls():
    client = transport_from_url("tcp://192.0.2.7?device=0x2F22&network=3&client=1")
    assert isinstance(client, GatewayTransport)
    assert repr(client) == "<GatewayTransport 3/0x2F22 through <TcpTransport 192.0.2.7:4059 client=1 server=1>>"
    assert (client.saps, client.profile.max_apdu_send) == (Saps(1, 1), 65535 - 5)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("network=1", "without device="),
        ("device=", "1 to 255 octets"),
        ("device=0x", "1 to 255 octets"),
        ("device=0xZZ", "text or 0x and octets"),
        ("device=x&network=256", "network 0 to 255"),
        ("device=x&network=lan", "and a number"),
        ("device=é", "text or 0x"),
    ],
)
def test_mistakes_are_told(query, message):
    with pytest.raises(ConfigError, match=message):
        transport_from_url(f"tcp://192.0.2.7?{query}")


async def test_nobody_listens_behind_a_gateway():
    with pytest.raises(ConfigError, match="a listener is behind no gateway"):
        await listen_at("tcp://127.0.0.1:0?device=1", Echo)
