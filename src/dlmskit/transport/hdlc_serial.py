"""Listener of the HDLC profile on a serial device: one meter, several on one line (multidrop), or an optical port with mode E."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.events import LinkSettings
from dlmskit.link.mode_e import RATES
from dlmskit.transport.base import BlockingTransport, HandlerFactory, Listener, Transport
from dlmskit.transport.hdlc import (
    HDLC_OPTIONS,
    SERIAL_INTER_OCTET,
    BlockingHdlcTransport,
    HdlcTransport,
    hdlc_ends,
    hdlc_offer,
    hdlc_station,
)
from dlmskit.transport.hdlc_port import HdlcStation
from dlmskit.transport.hdlc_server import OFFER, hdlc_port, stations_of
from dlmskit.transport.serial_line import SERIAL_OPTIONS, SerialDevice, SerialLine, StartUp, serial_device
from dlmskit.transport.serial_listener import OpticalPort, SerialListener
from dlmskit.transport.url import Scheme, TransportUrl


async def serve_hdlc_serial(
    device: SerialDevice,
    *,
    stations: Iterable[HdlcStation] | HandlerFactory,
    optical: OpticalPort | None = None,
    limits: Limits = DEFAULT,
    settings: LinkSettings = OFFER,
) -> SerialListener:
    """Serve HDLC on a serial device.

    ``stations`` are the meters on the line, or the handler factory of a single one; with ``optical`` the line begins at 300 baud,
    and the rate of ``device`` is what the meter offers. Raises TransportError when the device cannot be opened, ConfigError for
    stations that cannot share a line.
    """
    times = replace(settings.times, inter_octet=SERIAL_INTER_OCTET)
    port = hdlc_port(stations_of(stations), replace(settings, times=times), limits, pushes=optical is None)
    listener = SerialListener(port, limits, device, optical)
    await listener.start()
    return listener


def _start_up(url: TransportUrl) -> StartUp | None:
    start = url.options.get("start", "direct")
    if start not in {"direct", "mode-e", "auto"}:
        raise ConfigError(f"{url.text}: start={start} is not known; there are direct, mode-e, auto")
    address = url.options.get("sign_on", "")
    if address and not (address.isascii() and address.replace(" ", "").isalnum() and len(address) <= 32):
        raise ConfigError(f"{url.text}: sign_on={address} is no device address: at most 32 letters, digits and blanks")
    return None if start == "direct" else StartUp(address, direct_instead=start == "auto")


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    line = SerialLine(serial_device(url), _start_up(url))
    return HdlcTransport(line, hdlc_ends(url, limits, SERIAL_INTER_OCTET), url.saps, limits, name=url.scheme)


def _connect_blocking(url: TransportUrl, limits: Limits) -> BlockingTransport:
    line = SerialLine(serial_device(url), _start_up(url))
    return BlockingHdlcTransport(line, hdlc_ends(url, limits, SERIAL_INTER_OCTET), url.saps, limits, name=url.scheme)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    start = _start_up(url)
    device = serial_device(url)
    optical = None if start is None else OpticalPort("DLMSKIT", address=start.address)
    if optical is not None and device.baud not in RATES.values():
        raise ConfigError(f"{url.text}: mode E knows no {device.baud} baud; there are {', '.join(map(str, RATES.values()))}")
    return await serve_hdlc_serial(
        device, stations=[hdlc_station(url, handler_factory)], optical=optical, limits=limits, settings=hdlc_offer(url)
    )


SCHEME = Scheme(
    "hdlc+serial",
    "hdlc+serial:///dev/ttyUSB0?start=mode-e&client=16&server=1&server_lower=17",
    _connect,
    _connect_blocking,
    _listen,
    {
        **SERIAL_OPTIONS,
        "start": "direct (default), mode-e (sign on at 300 baud, IEC 62056-21), auto (mode-e, and direct where nobody answers)",
        "sign_on": "device address for the sign-on; none where nothing is said",
        **HDLC_OPTIONS,
    },
)
