"""Every narrow medium: the suite that all transports share, and our client reading our meter through bad weather.

The weather is simulated, the time jumps; one medium after the other loses frames, and every value is right all the same.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest

import dlmskit
from dlmskit.client.counters import Counters
from dlmskit.errors import DlmsError
from dlmskit.limits import Limits
from dlmskit.link.coap.link import CoapAdaptation
from dlmskit.link.sfsk import SUBFRAME_OCTETS, SUBFRAME_SECONDS, SfskAdaptation, decode_frame
from dlmskit.testing import virtual_time
from dlmskit.testing.air import Air, Weather
from dlmskit.testing.transport_suite import Medium as Served
from dlmskit.testing.transport_suite import TransportSuite
from dlmskit.transport import url as url_module
from dlmskit.transport.coap import coap_profile
from dlmskit.transport.narrow import G3_MEDIUM, MESH_MEDIUM, PRIME_MEDIUM, SCHC_MEDIUM, SFSK_MEDIUM, Medium
from dlmskit.transport.sms import SMS
from dlmskit.transport.url import Scheme, listen_at, transport_from_url
from tests.client.small_meter import CLIENT_TITLE, ENERGY, KEYS, LOAD, SmallMeter, handler_of
from tests.transport.test_tcp import Echo

MEDIA = {"schc": SCHC_MEDIUM, "g3": G3_MEDIUM, "mesh": MESH_MEDIUM, "prime": PRIME_MEDIUM, "sfsk": SFSK_MEDIUM}
WEATHER = {
    "g3": Weather(loss=0.05, doubling=0.05, corruption=0.01, delay=0.05, jitter=0.5, frame_octets=400),
    "mesh": Weather(loss=0.05, doubling=0.05, corruption=0.01, delay=0.02, jitter=0.3, frame_octets=102),
    "prime": Weather(loss=0.05, delay=0.1, frame_octets=255),  # its MAC layer numbers frames, and checks them
    "coap": Weather(loss=0.2, doubling=0.1, corruption=0.01, delay=0.1, jitter=0.5),
    "sms": Weather(loss=0.05, doubling=0.1, delay=2.0, jitter=5.0, frame_octets=141),
    "sfsk": Weather(loss=0.4, corruption=0.05, delay=0.01, frame_octets=252),
    "schc": Weather(loss=0.1, delay=1.0, frame_octets=51),  # LoRaWAN itself drops what comes twice or late
}
LONG = Limits(inactivity_seconds=1e6)
media = pytest.mark.parametrize("name", tuple(MEDIA))


_RANDOM = Random(1)
MEDIA["coap"] = Medium(
    coap_profile(),
    lambda: CoapAdaptation(_RANDOM.random, server=False),
    lambda: CoapAdaptation(_RANDOM.random, server=True),
    0,
)
MEDIA["sms"] = replace(SMS, profile=replace(SMS.profile, round_trip_seconds=20.0))  # a network on a good day
read_media = pytest.mark.parametrize("name", tuple(MEDIA))
MEDIA["quick sfsk"] = Medium(  # a line without repeaters, on which nobody waits for slots
    SFSK_MEDIUM.profile,
    lambda: SfskAdaptation(0xC00, 1, subframe_seconds=0),
    lambda: SfskAdaptation(1, 0xC00, subframe_seconds=0),
    0,
)


class Narrow(TransportSuite):
    name: str
    largest = 1224
    refuses_at_open = False

    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        air, medium = Air(Weather(delay=0.0005), seed=1), MEDIA[self.name]
        medium = replace(medium, profile=replace(medium.profile, round_trip_seconds=0.0))  # as quick as this air
        listener = await medium.serve(air.station("meter"), handler_factory, limits)
        try:
            yield Served(listener, lambda saps: medium.connect(air.station("head end"), "meter", saps, limits))
        finally:
            await listener.close()


class TestSchc(Narrow):
    name = "schc"


class TestG3(Narrow):
    name = "g3"


class TestMesh(Narrow):
    name = "mesh"


class TestPrime(Narrow):
    name = "prime"
    largest = 4000


class TestCoap(Narrow):
    name = "coap"
    largest = 65_535


class TestSms(Narrow):
    name = "sms"
    largest = 4000


class TestSfsk(Narrow):
    name = "quick sfsk"


class PowerLine(Air):
    """Every station repeats what has credit left, one slot later."""

    def transmit(self, frame, sender, to):
        super().transmit(frame, sender, to)
        mac = decode_frame(frame)
        again = mac.repeated()
        if again is not None:
            slot = len(frame) // SUBFRAME_OCTETS * SUBFRAME_SECONDS
            asyncio.get_running_loop().call_later(slot, self.transmit, again.encode(), sender, to)


class _Entry:
    def __init__(self, scheme):
        self.name = scheme.name
        self.value = "test"
        self.load = lambda: scheme


@pytest.fixture
def on_the_air(monkeypatch):
    """``air://`` is the way to a meter through a medium in some weather; it is installed as other packages install theirs."""

    def install(medium, weather, seed):
        air = (PowerLine if medium is SFSK_MEDIUM else Air)(weather, seed)
        scheme = Scheme("air", "air://", lambda url, limits: medium.connect(air.station("head end"), "meter", url.saps, limits))
        monkeypatch.setattr(
            url_module, "entry_points", lambda group, name=None: [_Entry(scheme)] if name in {None, "air"} else []
        )
        return air

    return install


@read_media
@pytest.mark.parametrize("seed", range(3))
def test_meter_is_read_through_loss(name, seed, on_the_air):
    """Registers and a profile of 96 rows, ciphered."""
    medium, meter = MEDIA[name], SmallMeter()
    air = on_the_air(medium, WEATHER[name], seed)

    async def read():
        meter.clock = asyncio.get_running_loop().time
        listener = await medium.serve(air.station("meter"), lambda connection: handler_of(meter, connection), LONG)
        url = "air://x?client=1&client_title=4D4D4D0000000001&timeout=20&retries=50"
        counters = Counters.in_memory()
        assert KEYS.guek is not None
        counters.transmit.of(KEYS.guek, CLIENT_TITLE).advance_to(10_000)
        for _ in range(40):  # an association that does not come about, or a block that gets lost, is begun again
            try:
                async with dlmskit.connect(url, keys=KEYS, counters=counters) as client:
                    values = [await client.read(ENERGY) for _ in range(20)]
                    rows = (await client.profile(LOAD).read()).rows
            except DlmsError:
                continue
            break
        else:
            pytest.fail("no attempt came to an end")
        await listener.close()
        return values, rows

    values, rows = virtual_time.run(read())
    assert values == [123456] * 20
    assert [row[2] for row in rows] == pytest.approx([100.0 + 0.7 * index for index in range(96)])
    assert air.counts.lost


@media
async def test_over_udp(name):
    """The frames of a medium in datagrams, by URL."""
    scheme = f"{name}+udp://127.0.0.1"
    listener = await listen_at(f"{scheme}:0", Echo)
    async with transport_from_url(f"{scheme}:{listener.port}?client=1") as client:
        await client.send(b"push")
        assert await client.receive() == b"pushed"
    await listener.close()
