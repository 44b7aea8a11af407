"""Serial devices as lines, with the start-up of the optical port (IEC 62056-21 mode E) where it is asked for.

Needs the extra ``serial`` (`serialx`, which knows asyncio and blocking use on every system).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dlmskit.errors import ConfigError, TransportError, TransportTimeout
from dlmskit.link.mode_e import DEFAULT_TIMES, START_RATE, StartClient, StartTimes
from dlmskit.transport.line import BlockingOctets, Line
from dlmskit.transport.url import TransportUrl

if TYPE_CHECKING:
    from serialx import BaseSerial, BaseSerialTransport

CHARACTERS = {"8n1": (8, "N", 10), "8e1": (8, "E", 11), "8n2": (8, "N", 11), "7e1": (7, "E", 10)}
"""Data bits, parity, and bits on the line."""
DEFAULT_BAUD = 9600


@dataclass(frozen=True, slots=True)
class SerialDevice:
    """A device and how it is set."""

    path: str
    baud: int = DEFAULT_BAUD
    characters: str = "8n1"

    @property
    def octet_seconds(self) -> float:
        """What one octet takes."""
        return CHARACTERS[self.characters][2] / self.baud

    def settings(self, baud: int) -> dict[str, Any]:
        """For `serialx`."""
        bits, parity, _ = CHARACTERS[self.characters]
        return {"baudrate": baud, "byte_size": bits, "parity": parity, "stopbits": 2 if self.characters == "8n2" else 1}


@dataclass(frozen=True, slots=True)
class StartUp:
    """How a client starts on the optical port."""

    address: str = ""
    """Device address of IEC 62056-21, for several meters on one head; empty: whoever is there."""
    direct_instead: bool = False
    """Go on with HDLC at the device's own rate where no meter signs on."""
    times: StartTimes = DEFAULT_TIMES


class SerialLine(Line):
    """A serial device, a USB adapter or an optical head."""

    def __init__(self, device: SerialDevice, start: StartUp | None = None) -> None:
        self._device = device
        self._start = start
        self.octet_seconds = device.octet_seconds

    def __repr__(self) -> str:
        return f"{self._device.path} {self._device.baud} {self._device.characters}"

    async def connect(self, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        """Open the device; sign on where that is asked for."""
        if self._start is None:
            return await open_device(self._device, protocol, self._device.baud)
        gathering = _Gathering()
        transport = await open_device(self._device, lambda: gathering, START_RATE)
        try:
            await _sign_on(transport, gathering, self._start, self._device.baud)
        except BaseException:
            transport.abort()
            await transport.wait_closed()
            raise
        final = protocol()
        transport.set_protocol(final)
        final.connection_made(transport)
        return transport

    def connect_blocking(self) -> BlockingOctets:
        """Open the device; sign on where that is asked for."""
        serialx = library()
        baud = self._device.baud if self._start is None else START_RATE
        try:
            device = serialx.serial_for_url(self._device.path, exclusive=True, **self._device.settings(baud))
            device.open()
        except (OSError, serialx.SerialException) as error:
            raise TransportError(f"{self._device.path} cannot be opened: {error}") from error
        octets = _Device(device)
        if self._start is not None:
            try:
                _sign_on_blocking(octets, self._start, self._device.baud)
            except BaseException:
                octets.close()
                raise
        return octets


def library() -> Any:
    """`serialx`. Raises ConfigError where the extra is not installed."""
    try:
        import serialx
    except ImportError:
        raise ConfigError("serial lines need the extra 'serial': pip install 'dlmskit[serial]'") from None
    return serialx


async def open_device(device: SerialDevice, protocol: Callable[[], asyncio.Protocol], baud: int) -> BaseSerialTransport:
    """The device open for asyncio. Raises TransportError."""
    serialx = library()
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await serialx.create_serial_connection(
            loop, protocol, device.path, exclusive=True, **device.settings(baud)
        )
    except (OSError, serialx.SerialException) as error:
        raise TransportError(f"{device.path} cannot be opened: {error}") from error
    return transport  # type: ignore[no-any-return]


class _Gathering(asyncio.Protocol):
    """Octets until somebody takes them."""

    def __init__(self) -> None:
        self.octets = b""
        self.lost = False
        self.changed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.octets = (self.octets + data)[-1024:]
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.changed.set()


async def _sign_on(transport: BaseSerialTransport, gathering: _Gathering, start: StartUp, baud: int) -> None:
    loop = asyncio.get_running_loop()
    machine = StartClient(start.address, start.times)
    machine.start(loop.time())
    while not machine.done:
        if said := machine.output():
            transport.write(said)
        if machine.rate is not None:
            await transport.flush()
            await asyncio.sleep(_leaving_seconds(said))
            await transport.reconfigure_port(baudrate=machine.rate)
            machine.rated(loop.time())
        if machine.failure:
            if not start.direct_instead:
                raise TransportTimeout(machine.failure)
            await transport.reconfigure_port(baudrate=baud)
            return
        if gathering.lost:
            raise TransportError("the line was lost while signing on")
        gathering.changed.clear()
        try:
            async with asyncio.timeout_at(machine.due):
                await gathering.changed.wait()
        except TimeoutError:
            machine.tick(loop.time())
        octets, gathering.octets = gathering.octets, b""
        if octets:
            machine.feed(octets, loop.time())


def _sign_on_blocking(octets: _Device, start: StartUp, baud: int) -> None:
    machine = StartClient(start.address, start.times)
    machine.start(time.monotonic())
    while not machine.done:
        if said := machine.output():
            octets.write(said, 10.0)
        if machine.rate is not None:
            octets.flush()
            time.sleep(_leaving_seconds(said))
            octets.change_rate(machine.rate)
            machine.rated(time.monotonic())
        if machine.failure:
            if not start.direct_instead:
                raise TransportTimeout(machine.failure)
            octets.change_rate(baud)
            return
        heard = octets.read(max((machine.due or 0.0) - time.monotonic(), 0.0))
        if heard:
            machine.feed(heard, time.monotonic())
        machine.tick(time.monotonic())


def _leaving_seconds(said: bytes) -> float:
    """How long octets may still be on their way out: adapters hold them after the system has let them go."""
    return len(said) * 10 / START_RATE


class _Device(BlockingOctets):
    def __init__(self, device: BaseSerial) -> None:
        self._device = device
        self._errors: tuple[type[Exception], ...] = (OSError, library().SerialException)
        self._buffer = bytearray(4096)

    def read(self, seconds: float) -> bytes:
        try:
            count = self._device.readinto(self._buffer, timeout=max(seconds, 0.001))
        except TimeoutError:
            return b""
        except self._errors as error:
            raise TransportError(f"the device is lost: {error}") from error
        return bytes(self._buffer[:count])

    def write(self, octets: bytes, seconds: float) -> None:
        try:
            while octets:
                octets = octets[self._device.write(octets, timeout=seconds) :]
        except TimeoutError:
            raise TransportTimeout(f"the device takes nothing for {seconds:g} s") from None
        except self._errors as error:
            raise TransportError(f"the device is lost: {error}") from error

    def flush(self) -> None:
        """Wait until the system has let everything go."""
        try:
            self._device.flush()
        except self._errors as error:
            raise TransportError(f"the device is lost: {error}") from error

    def change_rate(self, baud: int) -> None:
        """Go to another rate; what was not read before is gone."""
        try:
            self._device.reconfigure_port(baudrate=baud)
        except self._errors as error:
            raise TransportError(f"the device is lost: {error}") from error

    def close(self) -> None:
        self._device.close()


SERIAL_OPTIONS = {
    "baud": "speed of the line (default 9600); with start=mode-e only what a listener offers",
    "characters": "8n1 (default), 8e1, 8n2 or 7e1",
}


def serial_device(url: TransportUrl, baud: int = DEFAULT_BAUD, characters: str = "8n1") -> SerialDevice:
    """The device that a URL names, and how it is set. Raises ConfigError."""
    path = url.path if url.path.strip("/") else urlsplit(url.text.strip()).netloc
    if not path or (url.host and url.path.strip("/")):
        raise ConfigError(f"{url.text}: write {url.scheme}:///dev/ttyUSB0, with three slashes, or {url.scheme}://COM3")
    characters = url.options.get("characters", characters).lower()
    if characters not in CHARACTERS:
        raise ConfigError(f"{url.text}: characters={characters} is not known; there are {', '.join(CHARACTERS)}")
    return SerialDevice(path, url.number("baud", baud, 50, 4_000_000) or baud, characters)
