"""Carriers: what moves the frames of a medium between its stations; and a conversation, which is an adaptation with a clock.

`dlmskit.transport.stations` makes transports and listeners of them.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable

from dlmskit.link.adaptation import Adaptation, Sdu
from dlmskit.transport.timer import LazyTimer

Address = Hashable
Received = Callable[[bytes, Address], None]
Failed = Callable[[Exception], None]
MakeAdaptation = Callable[[], Adaptation]


class Carrier(ABC):
    """One station's access to a medium. What it sends may get lost, doubled or late."""

    @abstractmethod
    async def open(self, received: Received, failed: Failed) -> None:
        """Start; ``received`` is then called with every frame and its sender. Raises TransportError."""

    @abstractmethod
    def send(self, frame: bytes, to: Address) -> None:
        """Send one frame to a station."""

    @abstractmethod
    def close(self) -> None:
        """Stop; harmless when stopped already."""

    @property
    def port(self) -> int:
        """The port that listens, where the medium has ports."""
        return 0

    def shown(self, address: Address) -> str:
        """A station for people."""
        return str(address)


class Conversation:
    """An adaptation with the clock of the loop."""

    def __init__(
        self,
        adaptation: Adaptation,
        transmit: Callable[[bytes], None],
        arrived: Callable[[Sdu], None],
        failed: Callable[[str], None],
    ) -> None:
        self.adaptation = adaptation
        self._transmit = transmit
        self._arrived = arrived
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._timer = LazyTimer(self._loop, self._tick)

    def submit(self, sdu: Sdu) -> None:
        """Send an SDU. Raises EncodeError."""
        self.adaptation.submit(sdu, self._loop.time())
        self._pump()

    def receive(self, frame: bytes) -> None:
        """Take a frame of the peer."""
        self.adaptation.receive(frame, self._loop.time())
        self._pump()

    def end(self) -> None:
        """Nothing more is timed."""
        self._timer.cancel()

    def _tick(self) -> None:
        self.adaptation.tick(self._loop.time())
        self._pump()

    def _pump(self) -> None:
        adaptation = self.adaptation
        while adaptation.frames:
            self._transmit(adaptation.frames.popleft())
        while adaptation.failures:
            self._failed(adaptation.failures.popleft())
        while adaptation.arrived:
            self._arrived(adaptation.arrived.popleft())
        if adaptation.due is None:
            self._timer.clear()
        else:
            self._timer.set(max(adaptation.due - self._loop.time(), 0.0))
