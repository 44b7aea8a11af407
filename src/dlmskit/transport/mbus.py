"""DLMS over wired M-Bus (EN 13757-2, -3): clients with and without asyncio, listeners, and the words of their URLs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.mbus_link import MBusClient, MBusTimes
from dlmskit.link.wrapper import PORT
from dlmskit.transport.base import Addressing, HandlerFactory, Saps, TransportProfile
from dlmskit.transport.line import Line
from dlmskit.transport.machine import MachineTransport
from dlmskit.transport.machine_blocking import BlockingMachineTransport
from dlmskit.transport.mbus_port import MBusPort, MBusStation
from dlmskit.transport.serial_line import SerialDevice
from dlmskit.transport.serial_listener import SerialListener
from dlmskit.transport.served_line import TcpLineListener
from dlmskit.transport.url import TransportUrl

MBUS_OPTIONS = {
    "address": "primary address of the meter, 1..250 (default 1); 254 reaches the only meter on a line",
    "response": "seconds until the meter is asked again (default 0.5)",
    "repetitions": "how often it is asked again (default 2)",
}
TIMES = MBusTimes()
MBUS_BAUD = 2400
MBUS_CHARACTERS = "8e1"


def mbus_address(url: TransportUrl) -> int:
    """The primary address that a URL names. Raises ConfigError."""
    return url.number("address", 1, 1, 254) or 1


def mbus_times(url: TransportUrl) -> MBusTimes:
    """The times that a URL names. Raises ConfigError."""
    repetitions = url.number("repetitions", TIMES.repetitions, 0, 100)
    return replace(TIMES, response=url.seconds("response", TIMES.response), repetitions=repetitions or 0)


def mbus_profile(name: str, limits: Limits) -> TransportProfile:
    """What the M-Bus promises: segments carry any APDU up to the limit; a push is fetched, never sent unasked."""
    most = limits.frame_octets - 1
    return TransportProfile(name, most, most, addressing=Addressing.MBUS, largest_sap=0xFF, half_duplex=True)


class MBusTransport(MachineTransport):
    """An APDU pipe to one meter on an M-Bus, for asyncio. Raises ConfigError for SAPs that do not fit one octet."""

    def __init__(
        self, line: Line, address: int, saps: Saps, limits: Limits = DEFAULT, times: MBusTimes = TIMES, *, name: str = "mbus"
    ) -> None:
        super().__init__(line, _machine(line, address, saps, limits, times), mbus_profile(name, limits), saps, limits)


class BlockingMBusTransport(BlockingMachineTransport):
    """The same without asyncio."""

    def __init__(
        self, line: Line, address: int, saps: Saps, limits: Limits = DEFAULT, times: MBusTimes = TIMES, *, name: str = "mbus"
    ) -> None:
        super().__init__(line, _machine(line, address, saps, limits, times), mbus_profile(name, limits), saps, limits)


def _machine(line: Line, address: int, saps: Saps, limits: Limits, times: MBusTimes) -> partial[MBusClient]:
    if max(saps.client, saps.server) > 0xFF:
        raise ConfigError(f"the M-Bus carries SAPs of one octet, not {saps.client} and {saps.server}")
    times = replace(times, octet=line.octet_seconds)
    return partial(MBusClient, address, saps.client, saps.server, times, limits)


async def serve_mbus_tcp(
    host: str | None, port: int = PORT, *, stations: Iterable[MBusStation] | HandlerFactory, limits: Limits = DEFAULT
) -> TcpLineListener:
    """Listen for M-Bus frames at ``host:port``. Raises TransportError, ConfigError as `serve_hdlc_tcp` does."""
    listener = TcpLineListener(_port(stations, limits), limits)
    await listener.start(host, port)
    return listener


async def serve_mbus_serial(
    device: SerialDevice, *, stations: Iterable[MBusStation] | HandlerFactory, limits: Limits = DEFAULT
) -> SerialListener:
    """Serve M-Bus on a serial device. Raises TransportError, ConfigError."""
    listener = SerialListener(_port(stations, limits), limits, device)
    await listener.start()
    return listener


def _port(stations: Iterable[MBusStation] | HandlerFactory, limits: Limits) -> partial[MBusPort]:
    found = (MBusStation(stations),) if callable(stations) else tuple(stations)
    addresses = [station.address for station in found]
    if not found or len(set(addresses)) < len(addresses):
        raise ConfigError("each meter on an M-Bus needs an address of its own")
    return partial(MBusPort, found, replace(TIMES, inactivity=limits.inactivity_seconds), limits)
