"""Listener of the HDLC profile over TCP, one line for each connection, and what one on a serial device shares with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.events import LinkSettings
from dlmskit.link.hdlc.parameters import HdlcParameters
from dlmskit.link.wrapper import PORT
from dlmskit.transport.base import HandlerFactory
from dlmskit.transport.hdlc_port import HdlcPort, HdlcStation
from dlmskit.transport.served_line import MakePort, TcpLineListener

OFFER = LinkSettings(HdlcParameters(2030, 2030, 7, 7))
"""What a server agrees to: whatever the client wants."""


def stations_of(stations: Iterable[HdlcStation] | HandlerFactory) -> tuple[HdlcStation, ...]:
    """The stations of a line; one handler factory is one station. Raises ConfigError for two with the same address."""
    found = (HdlcStation(stations),) if callable(stations) else tuple(stations)
    lowers = [station.lower for station in found]
    if not found:
        raise ConfigError("a line needs a station")
    if len(found) > 1 and (None in lowers or len(set(lowers)) < len(lowers)):
        raise ConfigError("several stations on one line need lower HDLC addresses of their own")
    return found


def settings_for(settings: LinkSettings, limits: Limits) -> LinkSettings:
    """The settings of the links, with the times and sizes that the limits give."""
    times = replace(settings.times, inactivity=limits.inactivity_seconds)
    return replace(settings, times=times, most_octets=limits.frame_octets)


def hdlc_port(stations: tuple[HdlcStation, ...], settings: LinkSettings, limits: Limits, *, pushes: bool) -> MakePort:
    """How ports are made for these stations; one that stands alone on its line may speak unasked, if ``pushes`` allows it."""
    settings = settings_for(settings, limits)
    return partial(HdlcPort, stations, settings, unsolicited=pushes and len(stations) == 1)


async def serve_hdlc_tcp(
    host: str | None,
    port: int = PORT,
    *,
    stations: Iterable[HdlcStation] | HandlerFactory,
    limits: Limits = DEFAULT,
    settings: LinkSettings = OFFER,
) -> TcpLineListener:
    """Listen for HDLC at ``host:port`` (host None: every interface, port 0: one that the system chooses).

    ``stations`` are the devices behind the one address, or the handler factory of a single one. Raises TransportError when the
    address cannot be used, ConfigError for stations that cannot share a line.
    """
    listener = TcpLineListener(hdlc_port(stations_of(stations), settings, limits, pushes=True), limits)
    await listener.start(host, port)
    return listener
