"""A served serial device, whatever its link layer, and the meter's side of the optical port (IEC 62056-21 mode E)."""

from __future__ import annotations

import asyncio
from typing import Any

from dlmskit.limits import Limits
from dlmskit.link.mode_e import DEFAULT_TIMES, START_RATE, StartMeter, StartTimes
from dlmskit.transport.serial_line import SerialDevice, open_device
from dlmskit.transport.served_line import MakePort, ServedLine
from dlmskit.transport.timer import LazyTimer

SESSION_SECONDS = 60.0
"""An optical port on which nobody speaks for so long goes back to 300 baud."""

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

    def __init__(self, make_port: MakePort, limits: Limits, device: SerialDevice, optical: OpticalPort | None = None) -> None:
        super().__init__(make_port, limits)
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
        """Octets of the line: of the start-up, or of the link layer."""
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
