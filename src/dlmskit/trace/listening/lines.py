"""Pushes out of lines that nobody asks on: HDLC or M-Bus over TCP, and serial devices such as the customer interface of a meter.

Frames are found by their content, so what stands in the URL before ``+`` is how a line is meant, not what must be on it.
Nothing is ever sent: a push on a line is not confirmed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from dlmskit.errors import TransportError
from dlmskit.trace.live import LiveFrames
from dlmskit.trace.report import PayloadApdu
from dlmskit.transport.serial_line import SerialDevice, open_device
from dlmskit.transport.timer import LazyTimer

PAUSE_SECONDS = 0.5
"""After so much silence what is held is taken for a whole."""
HeardSink = Callable[[PayloadApdu, str], None]
"""Told an APDU, and whose line it is."""


class HeardLine(asyncio.Protocol):
    """One line: octets in, APDUs to the sink."""

    def __init__(self, name: str, sink: HeardSink, closed: Callable[[HeardLine], None]) -> None:
        self._name = name
        self._sink = sink
        self._closed = closed
        self._frames = LiveFrames()
        self._pause = LazyTimer(asyncio.get_running_loop(), self._paused)
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out whose line it is."""
        self._transport = transport
        address = transport.get_extra_info("peername")
        if isinstance(address, tuple):
            self._name = f"{address[0]}:{address[1]}"

    def data_received(self, data: bytes) -> None:
        """Look for frames."""
        self._pause.set(PAUSE_SECONDS)
        self._hand_on(self._frames.feed(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """What is held is all there is."""
        self._pause.cancel()
        self._paused()
        self._closed(self)

    def close(self) -> None:
        """Let go of the line."""
        self._pause.cancel()
        if self._transport is not None:
            self._transport.close()

    def _paused(self) -> None:
        self._hand_on(self._frames.pause())

    def _hand_on(self, apdus: list[PayloadApdu]) -> None:
        for apdu in apdus:
            self._sink(apdu, self._name)


class LineListener:
    """A `Listener`: lines over TCP, at most so many at a time, or one serial device."""

    def __init__(self, sink: HeardSink, most: int) -> None:
        self._sink = sink
        self._most = most
        self._lines: dict[HeardLine, None] = {}  # the oldest first: it makes room
        self._server: asyncio.Server | None = None
        self._device: Any = None
        """The transport of a serial device."""

    @property
    def port(self) -> int:
        """Where it listens; 0 for a device."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else 0

    @property
    def connections(self) -> int:
        """Lines that are heard now."""
        return len(self._lines)

    async def listen(self, host: str, port: int) -> None:
        """Take lines over TCP. Raises TransportError."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: self._line(""), host, port)
        except OSError as error:
            raise TransportError(f"cannot listen at {host}:{port}: {error.strerror or error}") from error

    async def hear(self, device: SerialDevice) -> None:
        """Listen to a device. Raises TransportError, ConfigError without the extra ``serial``."""
        self._device = await open_device(device, lambda: self._line(device.path), device.baud)

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        for line in tuple(self._lines):
            line.close()
        if self._device is not None:
            await self._device.wait_closed()

    def _line(self, name: str) -> HeardLine:
        if len(self._lines) >= self._most:
            oldest = next(iter(self._lines))
            del self._lines[oldest]
            oldest.close()
        line = HeardLine(name, self._sink, lambda gone: self._lines.pop(gone, None))
        self._lines[line] = None
        return line
