"""HDLC over TCP beyond the suite: hostile peers, several meters behind one address, requests without a link."""

import asyncio
import contextlib
from contextlib import asynccontextmanager
from functools import partial

import pytest

from dlmskit.errors import ConfigError, TransportError, TransportTimeout
from dlmskit.limits import Limits
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.control import CONTROLS, FrameKind
from dlmskit.link.hdlc.deframer import HdlcDeframer
from dlmskit.link.hdlc.events import LinkSettings, LinkTimes
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.testing.transport_suite import PATIENT, Obedient
from dlmskit.transport.base import Saps
from dlmskit.transport.hdlc import BlockingHdlcTransport, HdlcEnds, HdlcTransport
from dlmskit.transport.hdlc_port import HdlcStation
from dlmskit.transport.hdlc_server import serve_hdlc_tcp
from dlmskit.transport.line import TcpLine
from dlmskit.transport.url import listen_at, transport_from_url
from tests.transport.test_tcp import foreign, until

CLIENT, SERVER = client_address(16), server_address(1, 17)
QUICK = LinkSettings(times=LinkTimes(response=0.15, repetitions=1))
REQUEST = b"\xe6\xe6\x00"


@asynccontextmanager
async def listening(limits=PATIENT, lower=17):
    made: list[Obedient] = []
    stations = [HdlcStation(lambda connection: Obedient(connection, made), lower, {1})]
    listener = await serve_hdlc_tcp("127.0.0.1", 0, stations=stations, limits=limits)
    try:
        yield listener, made
    finally:
        await listener.close()


@asynccontextmanager
async def raw(listener):
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def frame(octet, information=b"", *, destination=SERVER, source=CLIENT):
    return HdlcFrame(destination, source, CONTROLS[octet], information).encode()


async def said(reader, count=1):
    frames: list[HdlcFrame] = []
    deframer = HdlcDeframer()
    async with asyncio.timeout(5):
        while len(frames) < count:
            frames += deframer.feed(await reader.read(4096))
    return frames


def dial(listener, sap=16, lower=17, settings=QUICK, limits=PATIENT):
    ends = HdlcEnds(client_address(sap), server_address(1, lower), settings)
    return HdlcTransport(TcpLine("127.0.0.1", listener.port), ends, Saps(sap, 1), limits)


@pytest.mark.parametrize("step", [1, 3, 100])
async def test_pieces_and_noise_between_them_do_not_matter(step):
    octets = (
        b"\x00noise" + frame(0x93) + b"\x7e\x7e" + frame(0x10, REQUEST + b"one") + b"\x7e\xa0\x05" + frame(0x32, REQUEST + b"two")
    )
    async with listening() as (listener, made), raw(listener) as (reader, writer):
        for at in range(0, len(octets), step):
            writer.write(octets[at : at + step])
            await writer.drain()
            await asyncio.sleep(0)
        frames = await said(reader, 3)
    assert [each.control.kind for each in frames] == [FrameKind.UA, FrameKind.I, FrameKind.I]
    assert made[0].served == [b"one", b"two"]


@pytest.mark.case("R-023")
async def test_a_frame_that_trickles_in_is_cut_off():
    async with listening(Limits(message_seconds=0.2)) as (listener, _), raw(listener) as (reader, writer):
        writer.write(b"\x7e\xa7\xff")
        start = asyncio.get_running_loop().time()
        while not reader.at_eof():
            with contextlib.suppress(OSError):
                writer.write(b"\x00")
                await writer.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(10), 0.02)
        assert asyncio.get_running_loop().time() - start < 2


@pytest.mark.case("R-024")
async def test_a_flood_displaces_the_oldest_line_without_association():
    async with listening(Limits(connections=4)) as (listener, made), dial(listener) as honest:
        await honest.send(b"associate")
        await honest.receive()
        flood = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(20)]
        await until(lambda: listener.displaced == 17)
        await honest.send(b"still here")
        assert await honest.receive() == b"still here"
        assert await asyncio.wait_for(flood[0][0].read(), 2) == b""
        for _, writer in flood:
            writer.close()
    assert made[0].served == [b"associate", b"still here"]


@pytest.mark.case("R-025")
async def test_a_vanished_client_may_come_back_at_once_and_its_old_link_goes():
    async with listening(Limits(inactivity_seconds=0.3)) as (listener, made), raw(listener) as (reader, writer):
        writer.write(frame(0x93) + frame(0x10, REQUEST + b"associate"))
        await said(reader, 2)
        async with dial(listener) as again:
            await again.send(b"me again")
            assert await again.receive() == b"me again"
        await until(lambda: not listener.connections)
        assert "nothing heard" in made[0].reason


async def test_snrm_on_the_same_line_ends_the_associations_of_the_link():
    async with listening() as (listener, made), raw(listener) as (reader, writer):
        writer.write(frame(0x93) + frame(0x10, REQUEST + b"associate") + frame(0x93))
        await said(reader, 3)
        assert listener.connections == 1
        assert "SNRM" in made[0].reason
        writer.write(frame(0x53))
        assert (await said(reader))[0].control.kind is FrameKind.UA
        assert not listener.connections


async def test_two_clients_on_one_line_have_links_of_their_own():
    async with listening() as (listener, made), raw(listener) as (reader, writer):
        for sap in (16, 32):
            writer.write(frame(0x93, source=client_address(sap)) + frame(0x10, REQUEST + b"saps", source=client_address(sap)))
        frames = await said(reader, 4)
        assert [one.information[3:] for one in frames if one.information] == [bytes((16, 1)), bytes((32, 1))]
        assert (listener.connections, len(made)) == (2, 2)
        made[0].connection.close()
        assert listener.connections == 1


async def test_what_is_for_another_station_is_not_answered():
    async with listening() as (listener, made):
        for lower in (18, 99):
            with pytest.raises(TransportTimeout, match="no answer"):
                await dial(listener, lower=lower).open()
        assert not made
        async with dial(listener) as client:
            await client.send(b"here")
            assert await client.receive() == b"here"


async def test_several_meters_behind_one_address():
    served: dict[int, list[Obedient]] = {17: [], 18: []}
    stations = [HdlcStation(partial(Obedient, made=made), lower) for lower, made in served.items()]
    listener = await serve_hdlc_tcp("127.0.0.1", 0, stations=stations)
    async with dial(listener, lower=17) as one, dial(listener, lower=18) as two:
        for client, name in ((one, b"one"), (two, b"two"), (one, b"one again")):
            await client.send(name)
            assert await client.receive() == name
        await one.send(b"push")  # several on a line: nobody speaks unasked, the push goes with the next poll
        assert await one.receive() == b"pushed"
    assert [handler.served for made in served.values() for handler in made] == [[b"one", b"one again", b"push"], [b"two"]]
    await listener.close()


async def test_a_request_without_link_is_answered_in_the_same_kind():
    """UI of a pre-established association; with P=0, or to all stations, nobody answers."""
    async with listening() as (listener, made), raw(listener) as (reader, writer):
        everybody = server_address(0x7F, 0x7F)
        writer.write(frame(0x03, REQUEST + b"quiet") + frame(0x03, b"\xff\xe6\x00all", destination=everybody))
        writer.write(frame(0x13, REQUEST + b"loud"))
        (answer,) = await said(reader)
        assert (answer.control.kind, answer.control.poll_final, answer.information) == (FrameKind.UI, True, b"\xe6\xe7\x00loud")
        assert made[0].served == [b"quiet", b"all", b"loud"]
        assert not listener.connections
    await until(lambda: bool(made[0].reason))


async def test_a_peer_that_is_no_hdlc():
    async def shout(reader, writer):
        writer.write(bytes(range(256)) * 20)
        await reader.read()

    async with foreign(shout) as port:
        ends = HdlcEnds(CLIENT, SERVER, QUICK)
        with pytest.raises(TransportTimeout, match="no answer"):
            await HdlcTransport(TcpLine("127.0.0.1", port), ends, Saps()).open()
        with pytest.raises(TransportTimeout, match="no answer"):
            await asyncio.to_thread(BlockingHdlcTransport(TcpLine("127.0.0.1", port), ends, Saps()).open)


async def test_an_answer_that_never_becomes_whole():
    """The meter sends segments, slowly, and no last one: what the limits allow, then a time-out."""

    async def trickle(reader, writer):
        writer.write(HdlcFrame(CLIENT, SERVER, CONTROLS[0x73]).encode())
        number = 0
        while True:
            await reader.read(100)
            await asyncio.sleep(0.02)
            control = CONTROLS[0x30 | (number & 7) << 1]
            writer.write(HdlcFrame(CLIENT, SERVER, control, b"\xe6\xe7\x00x", segmented=True).encode())
            number += 1

    limits = Limits(response_seconds=0.2, message_seconds=0.4)
    async with foreign(trickle) as port:
        ends = HdlcEnds(CLIENT, SERVER, QUICK)
        for client in (
            HdlcTransport(TcpLine("127.0.0.1", port), ends, Saps(), limits),
            BlockingHdlcTransport(TcpLine("127.0.0.1", port), ends, Saps(), limits),
        ):
            if isinstance(client, HdlcTransport):
                async with client:
                    await client.send(b"x")
                    with pytest.raises(TransportTimeout, match="slow peer"):
                        await client.receive()
            else:
                await asyncio.to_thread(slow_blocking, client)


def slow_blocking(client):
    with client:
        client.send(b"x")
        with pytest.raises(TransportTimeout, match="slow peer"):
            client.receive()


async def test_listening_by_url():
    made: list[Obedient] = []
    listener = await listen_at(
        "hdlc+tcp://127.0.0.1:0?server_lower=17&server_upper=2&information=64", partial(Obedient, made=made)
    )
    with pytest.raises(TransportTimeout):
        await transport_from_url(f"hdlc+tcp://127.0.0.1:{listener.port}?server=1&response=0.1&repetitions=0").open()
    url = f"hdlc+tcp://127.0.0.1:{listener.port}?server=2&server_lower=17&information=2030"
    async with transport_from_url(url) as client:
        await client.send(bytes(200))
        assert await client.receive() == bytes(200)
    with pytest.raises(TransportError, match="cannot listen"):
        await listen_at(f"hdlc+tcp://127.0.0.1:{listener.port}", partial(Obedient, made=made))
    await listener.close()
    with pytest.raises(ConfigError, match="needs a station"):
        await serve_hdlc_tcp("127.0.0.1", 0, stations=[])
