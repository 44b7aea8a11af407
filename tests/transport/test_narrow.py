"""Every narrow medium: the suite that all transports share, and our client reading our meter through bad weather.

The weather is simulated, the time jumps; one medium after the other loses frames, and every value is right all the same.
"""

from contextlib import asynccontextmanager

import pytest

import dlmskit
from dlmskit.limits import Limits
from dlmskit.testing import virtual_time
from dlmskit.testing.air import Air, Weather
from dlmskit.testing.transport_suite import Medium as Served
from dlmskit.testing.transport_suite import TransportSuite
from dlmskit.transport import url as url_module
from dlmskit.transport.narrow import SCHC_MEDIUM
from dlmskit.transport.url import Scheme, listen_at, transport_from_url
from tests.client.small_meter import ENERGY, KEYS, LOAD, SmallMeter, _Connection
from tests.transport.test_tcp import Echo

MEDIA = {"schc": SCHC_MEDIUM}
WEATHER = {
    "schc": Weather(loss=0.1, delay=1.0, frame_octets=51),  # LoRaWAN itself drops what comes twice or late
}
LONG = Limits(inactivity_seconds=1e6)
media = pytest.mark.parametrize("name", MEDIA)


class Narrow(TransportSuite):
    name: str
    largest = 1224
    refuses_at_open = False

    @asynccontextmanager
    async def serving(self, handler_factory, limits):
        medium, air = MEDIA[self.name], Air(Weather(delay=0.0005), seed=1)
        listener = await medium.serve(air.station("meter"), handler_factory, limits)
        try:
            yield Served(listener, lambda saps: medium.connect(air.station("head end"), "meter", saps, limits))
        finally:
            await listener.close()


class TestSchc(Narrow):
    name = "schc"


class _Entry:
    def __init__(self, scheme):
        self.name = scheme.name
        self.value = "test"
        self.load = lambda: scheme


@pytest.fixture
def on_the_air(monkeypatch):
    """``air://`` is the way to a meter through a medium in some weather; it is installed as other packages install theirs."""

    def install(medium, weather, seed):
        air = Air(weather, seed)
        scheme = Scheme("air", "air://", lambda url, _: medium.connect(air.station("head end"), "meter", url.saps, LONG))
        monkeypatch.setattr(
            url_module, "entry_points", lambda group, name=None: [_Entry(scheme)] if name in {None, "air"} else []
        )
        return air

    return install


@media
@pytest.mark.parametrize("seed", range(3))
def test_meter_is_read_through_loss(name, seed, on_the_air):
    """Registers and a profile of 96 rows, ciphered."""
    medium, meter = MEDIA[name], SmallMeter()
    air = on_the_air(medium, WEATHER[name], seed)

    async def read():
        listener = await medium.serve(air.station("meter"), lambda connection: _Connection(meter, connection), LONG)
        url = "air://x?client=1&client_title=4D4D4D0000000001&counters=memory&timeout=120&retries=50"
        async with dlmskit.connect(url, keys=KEYS) as client:
            values = [await client.read(ENERGY) for _ in range(5)]
            rows = (await client.profile(LOAD).read()).rows
        await listener.close()
        return values, rows

    values, rows = virtual_time.run(read())
    assert values == [123456] * 5
    assert [row[2] for row in rows] == pytest.approx([100.0 + 0.7 * index for index in range(96)])
    assert air.counts.lost > 5


@media
async def test_over_udp(name):
    """The frames of a medium in datagrams, by URL."""
    scheme = f"{name}+udp://127.0.0.1"
    listener = await listen_at(f"{scheme}:0", Echo)
    async with transport_from_url(f"{scheme}:{listener.port}?client=1") as client:
        await client.send(b"push")
        assert await client.receive() == b"pushed"
    await listener.close()
