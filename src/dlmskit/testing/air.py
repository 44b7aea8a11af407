"""A medium in memory that loses, doubles, delays and reorders frames, as a cable in a cellar or the air over a valley does.

Seeded, so that a run can be repeated. Stations have addresses; a `Station` is the `dlmskit.transport.carriers.Carrier` of one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random

from dlmskit.errors import TransportError
from dlmskit.transport.carriers import Address, Carrier, Failed, Received

_TICK = 1e-9
"""By so much a later frame arrives later: timers that are due at the same time have no order."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What befalls a frame. Shares are 0 to 1; times are in seconds."""

    loss: float = 0.0
    doubling: float = 0.0
    corruption: float = 0.0
    """One octet of the frame is changed."""
    delay: float = 0.01
    jitter: float = 0.0
    """Up to this much is added to the delay of each copy: with more than the gap between frames they overtake one another."""
    frame_octets: int | None = None
    """A longer frame is an error of who sends it, not of the medium."""


@dataclass(slots=True)
class AirCounts:
    """What has befallen the frames so far."""

    sent: int = 0
    octets: int = 0
    lost: int = 0
    doubled: int = 0
    corrupted: int = 0
    longest: int = 0


class Air:
    """The medium between stations."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self.weather = weather
        self.counts = AirCounts()
        self._random = Random(seed)  # noqa: S311 - a simulation that can be repeated
        self._order = 0.0
        self._stations: dict[Address, Received] = {}

    def station(self, address: Address) -> Station:
        """A station, not on the air yet."""
        return Station(self, address)

    def join(self, address: Address, received: Received) -> None:
        """A station goes on the air."""
        if address in self._stations:
            raise TransportError(f"there is a station {address} already")
        self._stations[address] = received

    def leave(self, address: Address) -> None:
        """A station goes off the air."""
        self._stations.pop(address, None)

    def transmit(self, frame: bytes, sender: Address, to: Address) -> None:
        """Send a frame on its way."""
        weather, counts, random = self.weather, self.counts, self._random
        if weather.frame_octets is not None and len(frame) > weather.frame_octets:
            raise AssertionError(f"a frame of {len(frame)} octets on a medium that carries {weather.frame_octets}")
        counts.sent += 1
        counts.octets += len(frame)
        counts.longest = max(counts.longest, len(frame))
        copies = 1
        if random.random() < weather.loss:
            counts.lost += 1
            copies = 0
        elif random.random() < weather.doubling:
            counts.doubled += 1
            copies = 2
        for _ in range(copies):
            arrives = self._spoiled(frame) if random.random() < weather.corruption else frame
            self._order += _TICK
            delay = weather.delay + self._order + random.random() * weather.jitter
            asyncio.get_running_loop().call_later(delay, self._arrive, arrives, sender, to)

    def _spoiled(self, frame: bytes) -> bytes:
        self.counts.corrupted += 1
        at = self._random.randrange(len(frame))
        return frame[:at] + bytes([frame[at] ^ self._random.randrange(1, 256)]) + frame[at + 1 :]

    def _arrive(self, frame: bytes, sender: Address, to: Address) -> None:
        received = self._stations.get(to)
        if received is not None:
            received(frame, sender)


class Station(Carrier):
    """One station on the air."""

    def __init__(self, air: Air, address: Address) -> None:
        self._air = air
        self._address = address
        self._joined = False

    async def open(self, received: Received, failed: Failed) -> None:
        """Go on the air."""
        self._air.join(self._address, received)
        self._joined = True

    def send(self, frame: bytes, to: Address) -> None:
        """Send one frame."""
        if self._joined:
            self._air.transmit(frame, self._address, to)

    def close(self) -> None:
        """Go off the air."""
        if self._joined:
            self._joined = False
            self._air.leave(self._address)
