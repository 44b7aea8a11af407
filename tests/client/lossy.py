"""Meters behind a medium that loses, doubles, delays and cuts, in virtual time: over UDP, and over HDLC on a cable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import dlmskit
from dlmskit.client import aio
from dlmskit.client.counters import Counters
from dlmskit.limits import Limits
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.events import LinkSettings, LinkTimes
from dlmskit.link.hdlc.parameters import HdlcParameters
from dlmskit.testing.air import Air, Weather
from dlmskit.testing.cable import Cable, hdlc_frames
from dlmskit.transport.base import Saps, Transport
from dlmskit.transport.hdlc import HdlcEnds, HdlcTransport
from dlmskit.transport.hdlc_port import HdlcStation
from dlmskit.transport.hdlc_server import OFFER, hdlc_port
from dlmskit.transport.served_line import ServedLine
from dlmskit.transport.stations import serve_stations
from dlmskit.transport.udp import UdpTransport, WrapperAdaptation
from tests.client.small_meter import CLIENT_TITLE, KEYS, SmallMeter, handler_of

SETTLED = Weather(loss=0.10, doubling=0.05, delay=0.02, jitter=0.01)
"""10 % loss and 5 % doubling each way; what follows closely is overtaken now and then."""
SECONDS = {"udp": 1.0, "hdlc": 60.0}
"""How long an answer may take: an HDLC link has its own repetitions, which take time."""


@asynccontextmanager
async def over_udp(meter: SmallMeter, weather: Weather, seed: int, patch: pytest.MonkeyPatch) -> AsyncIterator[Air]:
    """``dlmskit.connect("udp://...")`` reaches the meter through this weather while the block runs."""
    meter.clock = asyncio.get_running_loop().time
    air = Air(weather, seed)
    listener = await serve_stations(
        air.station("meter"), WrapperAdaptation, handler_factory=lambda connection: handler_of(meter, connection)
    )

    def dialled(url: str, limits: Limits) -> Transport:
        saps = Saps(int(parse_qs(urlsplit(url).query)["client"][0]), 1)
        transport = UdpTransport("192.0.2.1", saps=saps, limits=limits)
        transport._carrier, transport._peer = air.station(f"client {len(meter.clients)} {saps.client} {id(transport)}"), "meter"
        return transport

    patch.setattr(aio, "transport_from_url", dialled)
    try:
        yield air
    finally:
        await listener.close()


@asynccontextmanager
async def over_hdlc(meter: SmallMeter, weather: Weather, seed: int, patch: pytest.MonkeyPatch) -> AsyncIterator[list[Cable]]:
    """The same for HDLC, each connection over a cable of its own."""
    meter.clock = asyncio.get_running_loop().time
    cables: list[Cable] = []
    settings = LinkSettings(HdlcParameters(128, 128, 1, 1), LinkTimes(response=1.0, repetitions=20))

    def dialled(url: str, limits: Limits) -> Transport:
        saps = Saps(int(parse_qs(urlsplit(url).query)["client"][0]), 1)
        station = HdlcStation(lambda connection: handler_of(meter, connection))
        port = hdlc_port((station,), OFFER, limits, pushes=True)
        cable = Cable(lambda: ServedLine(port, limits), weather, seed + len(cables), hdlc_frames)
        cables.append(cable)
        return HdlcTransport(cable, HdlcEnds(client_address(saps.client), server_address(1), settings), saps, limits)

    patch.setattr(aio, "transport_from_url", dialled)
    yield cables


def connecting(road: str, **words: Any) -> Any:
    """A protected connection with counters of its own."""
    counters = Counters.in_memory()
    assert KEYS.guek is not None
    counters.transmit.of(KEYS.guek, CLIENT_TITLE).advance_to(10_000)
    given = {"keys": KEYS, "client_title": CLIENT_TITLE, "counters": counters, "timeout": SECONDS[road], **words}
    return dlmskit.connect(f"{URLS[road]}", **given)


URLS = {"udp": "udp://meter", "hdlc": "tcp://meter"}
"""What is dialled is replaced in any case; the words are taken from it."""
Road = Callable[[SmallMeter, Weather, int, pytest.MonkeyPatch], Any]
ROADS: dict[str, Road] = {"udp": over_udp, "hdlc": over_hdlc}
