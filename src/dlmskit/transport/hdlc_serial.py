"""Listener of the HDLC profile on a serial device: one meter, several on one line (multidrop), or an optical port with mode E."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.hdlc.events import LinkSettings
from dlmskit.link.mode_e import DEFAULT_TIMES, RATES, START_RATE, StartMeter, StartTimes
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
from dlmskit.transport.hdlc_server import OFFER, ServedLine, stations_of
from dlmskit.transport.serial_line import SERIAL_OPTIONS, SerialDevice, SerialLine, StartUp, open_device, serial_device
from dlmskit.transport.timer import LazyTimer
from dlmskit.transport.url import Scheme, TransportUrl

SESSION_SECONDS = 60.0
"""An optical port on which nobody speaks HDLC for so long goes back to 300 baud."""

_LEAVING_SECONDS = 0.05


class OpticalPort:
    """How a meter answers on its optical port."""

    def __init__(
        self,
        ident: str,
        *,
        manufacturer: str = "DLK",
        address: str = "",
        times: StartTimes = DEFAULT_TIMES,
        session_seconds: float = SESSION_SECONDS,
    ) -> None:
        self.session_seconds = session_seconds
        self._ident = ident
        self._manufacturer = manufacturer
        self._address = address
        self._times = times

    def start(self, rate: int) -> StartMeter:
        """A start-up that offers this rate."""
        return StartMeter(self._ident, rate, manufacturer=self._manufacturer, address=self._address, times=self._times)


class SerialListener(ServedLine):
    """A served device (see `dlmskit.transport.base.Listener`); made by `serve_hdlc_serial`."""

    def __init__(
        self,
        stations: tuple[HdlcStation, ...],
        settings: LinkSettings,
        limits: Limits,
        device: SerialDevice,
        optical: OpticalPort | None,
    ) -> None:
        super().__init__(stations, settings, limits, unsolicited=len(stations) == 1 and optical is None)
        self.port = 0
        """A device has no number."""
        self._device = device
        self._optical = optical
        self._start = None if optical is None else optical.start(device.baud)
        self._start_timer = LazyTimer(self._loop, self._start_expired)
        self._session_timer = LazyTimer(self._loop, self._session_over)
        self._changing: asyncio.Task[None] | None = None
        self._serial: Any = None

    @property
    def connections(self) -> int:
        """Links that are up now."""
        return self.links

    async def start(self) -> None:
        """Open the device. Raises TransportError, ConfigError."""
        baud = self._device.baud if self._start is None else START_RATE
        self._serial = await open_device(self._device, lambda: self, baud)

    async def close(self) -> None:
        """Let the device go."""
        self._start_timer.cancel()
        self._session_timer.cancel()
        if self._changing is not None:
            self._changing.cancel()
        await self.finish()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The device is open."""
        super().connection_made(transport)
        self.name(self._device.path)

    def data_received(self, data: bytes) -> None:
        """Octets of the line: of the start-up, or of HDLC."""
        if self._start is None:
            had = self.links
            super().data_received(data)
            if self._optical is not None:
                self._session_timer.set(self._optical.session_seconds)
                if had and not self.links:
                    self._session_over()
        elif self._changing is None:
            self._start.feed(data, self._loop.time())
            self._go_on_starting()

    def _start_expired(self) -> None:
        if self._start is not None and self._changing is None:
            self._start.tick(self._loop.time())
            self._go_on_starting()

    def _go_on_starting(self) -> None:
        start = self._start
        if start is None:
            return
        if said := start.output():
            self.write(said)
        if start.rate is not None:
            self._changing = self._loop.create_task(self._change_rate(start.rate))
        elif start.done:
            self._start = None
            if self._optical is not None:
                self._session_timer.set(self._optical.session_seconds)
        elif start.due is not None:
            self._start_timer.set(max(start.due - self._loop.time(), 0.0))

    async def _change_rate(self, rate: int) -> None:
        """Go to another rate once everything is on the line; an adapter holds a last answer after the system has let it go."""
        await self._serial.flush()
        await asyncio.sleep(_LEAVING_SECONDS)
        await self._serial.reconfigure_port(baudrate=rate)
        self._changing = None
        if self._start is not None and self._start.rate is not None:
            self._start.rated(self._loop.time())
            self._go_on_starting()

    def _session_over(self) -> None:
        """Back to 300 baud, and to waiting for somebody who signs on."""
        if self._optical is not None and self._start is None:
            self.end_links("the session on the optical port is over")
            self._session_timer.clear()
            self._start = self._optical.start(self._device.baud)
            self._changing = self._loop.create_task(self._change_rate(START_RATE))


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
    listener = SerialListener(stations_of(stations), replace(settings, times=times), limits, device, optical)
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
