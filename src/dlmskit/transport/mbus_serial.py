"""``mbus+serial://``: DLMS over a level converter of a wired M-Bus (2400 baud, 8E1 unless the URL says otherwise)."""

from __future__ import annotations

from dlmskit.limits import Limits
from dlmskit.transport.base import BlockingTransport, HandlerFactory, Listener, Transport
from dlmskit.transport.mbus import (
    MBUS_BAUD,
    MBUS_CHARACTERS,
    MBUS_OPTIONS,
    BlockingMBusTransport,
    MBusTransport,
    mbus_address,
    mbus_times,
    serve_mbus_serial,
)
from dlmskit.transport.mbus_port import MBusStation
from dlmskit.transport.serial_line import SerialDevice, SerialLine, serial_device
from dlmskit.transport.url import Scheme, TransportUrl


def _device(url: TransportUrl) -> SerialDevice:
    return serial_device(url, MBUS_BAUD, MBUS_CHARACTERS)


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    line = SerialLine(_device(url))
    return MBusTransport(line, mbus_address(url), url.saps, limits, mbus_times(url), name=url.scheme)


def _connect_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    line = SerialLine(_device(url))
    return BlockingMBusTransport(line, mbus_address(url), url.saps, limits, mbus_times(url), name=url.scheme)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    return await serve_mbus_serial(_device(url), stations=[MBusStation(handler_factory, mbus_address(url))], limits=limits)


SCHEME = Scheme(
    "mbus+serial",
    "mbus+serial:///dev/ttyUSB0?address=1&client=16&server=1",
    _connect,
    _connect_blocking,
    _listen,
    {
        "baud": f"speed of the line (default {MBUS_BAUD})",
        "characters": f"8n1, 8e1, 8n2 or 7e1 (default {MBUS_CHARACTERS})",
        **MBUS_OPTIONS,
    },
)
