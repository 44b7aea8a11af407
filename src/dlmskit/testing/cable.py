"""A cable in memory on which frames get lost, doubled or spoiled, and that can be cut: a line for link layers of octets (HDLC).

Seeded, in the time of the event loop (see `dlmskit.testing.virtual_time`). Octets never overtake one another on a cable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from dlmskit.errors import TransportError
from dlmskit.testing.air import AirCounts, Weather
from dlmskit.testing.proxies import spoiled
from dlmskit.transport.line import BlockingOctets, Line

Split = Callable[[bytes], list[bytes]]
"""Cuts what is written at once into what has a fate of its own."""


def as_written(octets: bytes) -> list[bytes]:
    """One write, one fate."""
    return [octets]


def hdlc_frames(octets: bytes) -> list[bytes]:
    """Each HDLC frame has a fate of its own."""
    frames = []
    while octets:
        length = ((octets[1] << 8 | octets[2]) & 0x7FF) + 2 if len(octets) > 2 else len(octets)
        frames.append(octets[:length])
        octets = octets[length:]
    return frames


class Cable(Line):
    """A line to ``far``, the protocol at its other end, made anew for each connection."""

    def __init__(self, far: Callable[[], asyncio.Protocol], weather: Weather, seed: int, split: Split = as_written) -> None:
        self.weather = weather
        self.counts = AirCounts()
        self._far = far
        self._random = Random(seed)  # noqa: S311 - a simulation that can be repeated
        self._split = split
        self._ends: tuple[_End, _End] | None = None

    def __repr__(self) -> str:
        return "cable"

    async def connect(self, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        """Plug both ends in."""
        near, far = _End(self, protocol()), _End(self, self._far())
        near.other, far.other = far, near
        self._ends = near, far
        for end in self._ends:
            end.protocol.connection_made(end)
        return near

    def connect_blocking(self) -> BlockingOctets:
        """There is no cable without an event loop. Raises TransportError."""
        raise TransportError("this cable needs asyncio")

    def cut(self) -> None:
        """Both ends lose the line, and what is on its way."""
        for end in self._ends or ():
            end.lose(ConnectionResetError("the cable was cut"))

    def fates(self, octets: bytes) -> list[bytes]:
        """What arrives of what was written."""
        weather, counts, random = self.weather, self.counts, self._random
        arriving: list[bytes] = []
        for frame in self._split(octets):
            counts.sent += 1
            counts.octets += len(frame)
            if random.random() < weather.loss:
                counts.lost += 1
                continue
            doubled = random.random() < weather.doubling
            counts.doubled += doubled
            for _ in range(2 if doubled else 1):
                bad = random.random() < weather.corruption
                counts.corrupted += bad
                arriving.append(spoiled(frame, random) if bad else frame)
        return arriving

    def delay(self) -> float:
        """How long the next octets take."""
        return self.weather.delay + self._random.random() * self.weather.jitter


class _End(asyncio.Transport):
    """One end of a cable."""

    other: _End

    def __init__(self, cable: Cable, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self._cable = cable
        self._loop = asyncio.get_running_loop()
        self._free_at = 0.0
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send octets to the other end, as far as they get there."""
        if self._closed:
            return
        for frame in self._cable.fates(bytes(data)):
            self._free_at = max(self._free_at + 1e-9, self._loop.time() + self._cable.delay())
            self._loop.call_at(self._free_at, self.other.arrive, frame)

    def arrive(self, octets: bytes) -> None:
        """Octets have come through."""
        if not self._closed:
            self.protocol.data_received(octets)

    def close(self) -> None:
        """Unplug; the other end notices once everything has arrived."""
        if not self._closed:
            self._loop.call_at(max(self._free_at, self._loop.time()) + self._cable.weather.delay, self.other.lose, None)
            self._loop.call_soon(self.lose, None)

    def abort(self) -> None:
        """Unplug at once."""
        self.close()

    def lose(self, error: Exception | None) -> None:
        """The line is gone."""
        if not self._closed:
            self._closed = True
            self.protocol.connection_lost(error)

    def is_closing(self) -> bool:
        """Whether it is unplugged."""
        return self._closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known of a cable."""
        return default

    def pause_reading(self) -> None:
        """A cable holds everything."""

    def resume_reading(self) -> None:
        """A cable holds everything."""
