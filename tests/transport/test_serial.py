"""Serial devices (pseudo-terminals): HDLC and M-Bus through the suite of all media, multidrop, the optical port with mode E."""

import asyncio
import dataclasses
from contextlib import asynccontextmanager
from functools import partial

import pytest

from dlmskit.errors import ConfigError, TransportError, TransportTimeout
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.client import HdlcClient
from dlmskit.link.hdlc.control import FrameKind, unnumbered
from dlmskit.link.hdlc.events import LinkSettings, LinkTimes
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.llc import BROADCAST
from dlmskit.link.mbus_link import MBusTimes
from dlmskit.link.mode_e import StartTimes
from dlmskit.testing.transport_suite import Medium, Obedient, TransportSuite
from dlmskit.transport.base import Saps
from dlmskit.transport.hdlc import BlockingHdlcTransport, HdlcEnds, HdlcTransport
from dlmskit.transport.hdlc_port import HdlcStation
from dlmskit.transport.hdlc_serial import serve_hdlc_serial
from dlmskit.transport.mbus import BlockingMBusTransport, MBusTransport, serve_mbus_serial
from dlmskit.transport.mbus_port import MBusStation
from dlmskit.transport.serial_line import SerialDevice, SerialLine, StartUp, open_device
from dlmskit.transport.serial_listener import OpticalPort
from dlmskit.transport.url import blocking_transport_from_url, transport_from_url
from tests.transport.serial_pair import SerialPair
from tests.transport.test_tcp import until

FAST = 115200
QUICK = LinkSettings(times=LinkTimes(response=0.3, repetitions=1))
QUICK_START = StartTimes(answer=0.6, pause=0.1, confirmation=0.4, settle=0.05, reaction=0.25)


def ends(saps, lower=None, settings=QUICK):
    return HdlcEnds(client_address(saps.client), server_address(saps.server, lower), settings)


class TestHdlcOverSerial(TransportSuite):
    largest = 4000

    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        with SerialPair() as pair:
            here, there = (SerialDevice(path, FAST) for path in pair.paths)
            listener = await serve_hdlc_serial(there, stations=handler_factory, limits=limits)
            try:
                yield Medium(
                    listener,
                    lambda saps: HdlcTransport(SerialLine(here), ends(saps), saps, limits),
                    lambda saps: BlockingHdlcTransport(SerialLine(here), ends(saps), saps, limits),
                )
            finally:
                await listener.close()


class TestMBusOverSerial(TransportSuite):
    largest = 1000

    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        with SerialPair() as pair:
            here, there = (SerialDevice(path, 38400) for path in pair.paths)
            listener = await serve_mbus_serial(there, stations=[MBusStation(handler_factory, 250)], limits=limits)
            times = MBusTimes(response=0.3, poll=0.05)
            try:
                yield Medium(
                    listener,
                    lambda saps: MBusTransport(SerialLine(here), 250, saps, limits, times),
                    lambda saps: BlockingMBusTransport(SerialLine(here), 250, saps, limits, times),
                )
            finally:
                await listener.close()


@asynccontextmanager
async def optical_port(**words):
    made: list[Obedient] = []
    with SerialPair() as pair:
        port = OpticalPort("ABC123", times=QUICK_START, **words)
        listener = await serve_hdlc_serial(
            SerialDevice(pair.paths[1], FAST), stations=lambda connection: Obedient(connection, made), optical=port
        )
        try:
            yield pair, listener, made
        finally:
            await listener.close()


def start(**words):
    return StartUp(times=QUICK_START, **words)


async def exchange(client, apdu=b"over the optical port"):
    async with client:
        await client.send(apdu)
        assert await client.receive() == apdu


async def test_mode_e_leads_into_hdlc_at_the_offered_rate_again_and_again():
    async with optical_port() as (pair, listener, made):
        line = SerialLine(SerialDevice(pair.paths[0], 9600), start())
        slow = pair.rate(1)
        for number in range(2):
            async with HdlcTransport(line, ends(Saps()), Saps()) as client:
                await client.send(b"fast")
                assert await client.receive() == b"fast"
                assert pair.rate(0) == pair.rate(1) != slow
                assert listener.connections == 1
            await until(lambda: pair.rate(1) == slow)
            assert made[number].reason


async def test_mode_e_without_asyncio():
    async with optical_port(address="12345678") as (pair, _, _):
        line = SerialLine(SerialDevice(pair.paths[0]), start(address="0012345678"))

        def session():
            with BlockingHdlcTransport(line, ends(Saps()), Saps()) as client:
                client.send(b"blocking")
                return client.receive()

        assert await asyncio.to_thread(session) == b"blocking"


async def test_a_session_that_falls_silent_goes_back_to_the_start():
    async with optical_port(session_seconds=0.2) as (pair, listener, made):
        slow = pair.rate(1)
        client = HdlcTransport(SerialLine(SerialDevice(pair.paths[0]), start()), ends(Saps()), Saps())
        await client.open()
        await client.send(b"associate")
        await client.receive()
        await until(lambda: not listener.connections and pair.rate(1) == slow)
        assert "session" in made[0].reason
        with pytest.raises(TransportTimeout):
            await client.send(b"late")
            await client.receive()
        await client.close()
        await exchange(HdlcTransport(SerialLine(SerialDevice(pair.paths[0]), start()), ends(Saps()), Saps()))


async def test_nobody_signs_on():
    with SerialPair() as pair:
        line = SerialLine(SerialDevice(pair.paths[0]), StartUp(times=StartTimes(answer=0.2, pause=0.05)))
        with pytest.raises(TransportTimeout, match="asked 3 times"):
            await HdlcTransport(line, ends(Saps()), Saps()).open()
        with pytest.raises(TransportTimeout, match="asked 3 times"):
            await asyncio.to_thread(BlockingHdlcTransport(line, ends(Saps()), Saps()).open)


async def test_auto_goes_on_without_sign_on():
    made: list[Obedient] = []
    with SerialPair() as pair:
        listener = await serve_hdlc_serial(SerialDevice(pair.paths[1], 9600), stations=lambda one: Obedient(one, made))
        line = SerialLine(
            SerialDevice(pair.paths[0], 9600), StartUp(direct_instead=True, times=StartTimes(answer=0.2, requests=1))
        )
        await exchange(HdlcTransport(line, ends(Saps()), Saps()))
        await asyncio.to_thread(blocking_exchange, BlockingHdlcTransport(line, ends(Saps()), Saps()))
        await listener.close()


def blocking_exchange(client):
    with client:
        client.send(b"direct")
        assert client.receive() == b"direct"


async def test_wrong_speed_is_no_link():
    made: list[Obedient] = []
    with SerialPair() as pair:
        listener = await serve_hdlc_serial(SerialDevice(pair.paths[1], 9600), stations=lambda one: Obedient(one, made))
        with pytest.raises(TransportTimeout, match="no answer"):
            await HdlcTransport(SerialLine(SerialDevice(pair.paths[0], FAST)), ends(Saps()), Saps()).open()
        assert not made
        await listener.close()


async def test_five_meters_on_one_line_and_a_broadcast():
    """Each answers for itself alone; what goes to all stations reaches all, and nobody answers it."""
    served: dict[int, list[Obedient]] = {lower: [] for lower in (17, 18, 19, 200, 10000)}
    stations = [HdlcStation(partial(Obedient, made=made), lower, {1, 2}) for lower, made in served.items()]
    with SerialPair() as pair:
        listener = await serve_hdlc_serial(SerialDevice(pair.paths[1], FAST), stations=stations)
        line = SerialLine(SerialDevice(pair.paths[0], FAST))
        for lower, made in served.items():
            async with HdlcTransport(line, ends(Saps(), lower), Saps()) as client:
                await client.send(b"%d" % lower)
                assert await client.receive() == b"%d" % lower
            assert [handler.served for handler in made] == [[b"%d" % lower]]
        everybody = HdlcFrame(
            server_address(0x3FFF, 0x3FFF, 4),
            client_address(16),
            unnumbered(FrameKind.UI, poll_final=False),
            BROADCAST + b"to all",
        )
        before = pair.carried
        sender = await open_device(SerialDevice(pair.paths[0], FAST), asyncio.Protocol, FAST)
        sender.write(everybody.encode())
        await until(lambda: all(made[-1].served[-2:] == [b"to all"] * 2 for made in served.values()))
        sender.abort()
        await sender.wait_closed()
        assert pair.carried == before + len(everybody.encode())
        with pytest.raises(TransportTimeout):
            await HdlcTransport(line, ends(Saps(), 20), Saps()).open()
        await listener.close()


def test_stations_need_addresses_of_their_own():
    for lowers in ((17, 17), (17, None)):
        stations = [HdlcStation(lambda connection: Obedient(connection, []), lower) for lower in lowers]
        with pytest.raises(ConfigError, match="of their own"):
            asyncio.run(serve_hdlc_serial(SerialDevice("/nowhere"), stations=stations))


async def test_a_device_that_is_not_there_or_is_pulled_out(tmp_path):
    for url in (f"hdlc+serial://{tmp_path}/none", f"hdlc+serial://{tmp_path}/none?start=mode-e"):
        with pytest.raises(TransportError, match="cannot be opened"):
            await transport_from_url(url).open()
        with pytest.raises(TransportError, match="cannot be opened"):
            await asyncio.to_thread(blocking_transport_from_url(url).open)
    made: list[Obedient] = []
    with SerialPair() as pair:
        listener = await serve_hdlc_serial(SerialDevice(pair.paths[1], FAST), stations=lambda one: Obedient(one, made))
        client = HdlcTransport(SerialLine(SerialDevice(pair.paths[0], FAST)), ends(Saps()), Saps())
        await client.open()
        pair.cut = True
        await client.send(b"into the void")
        with pytest.raises(TransportTimeout, match="no answer"):
            await client.receive(5)
        await client.close()
        await listener.close()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("baud=fast", "baud=fast is no number"),
        ("characters=9n1", "characters=9n1 is not known"),
        ("start=mode-c", "start=mode-c is not known"),
        ("sign_on=!", "no device address"),
        ("window=8", "window=8 is no number 1..7"),
        ("information=20", "information=20 is no number 32..2030"),
        ("server_lower=17&address_length=3", "1, 2 or 4 octets"),
        ("client=200", "one octet"),
        ("address_length=1&server=200", "does not fit"),
    ],
)
def test_words_that_cannot_be(words, what):
    with pytest.raises(ConfigError, match=what):
        transport_from_url(f"hdlc+serial:///dev/ttyUSB0?{words}")


def test_words_of_the_url_reach_the_link():
    url = "hdlc+serial:///dev/ttyUSB0?baud=300&server_lower=17&address_length=4&window=3&information=512&response=5&repetitions=0"
    transport = transport_from_url(url)
    assert isinstance(transport, HdlcTransport)
    machine = transport._machine()
    assert isinstance(machine, HdlcClient)
    assert machine._peer == server_address(1, 17, 4)
    assert dataclasses.astuple(machine.settings.times)[:3] == (5.0, 0, pytest.approx(10 / 300))
    assert (machine.settings.parameters.transmit_window, machine.settings.parameters.receive_information) == (3, 512)
    with pytest.raises(ConfigError, match="three slashes"):
        transport_from_url("hdlc+serial://dev/ttyUSB0")


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "serialx", None)
    with pytest.raises(ConfigError, match=r"dlmskit\[serial\]"):
        asyncio.run(transport_from_url("hdlc+serial:///dev/ttyUSB0").open())
