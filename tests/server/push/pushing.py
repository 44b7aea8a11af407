"""What the tests of pushes share: a device with a Push setup, a clock that is told the time, and ends that are played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.push_setup import PushSetup, PushSetupV0
from dlmskit.cosem.classes.register import Register
from dlmskit.errors import TransportError, TransportTimeout
from dlmskit.limits import Limits
from dlmskit.server import Database, Device, Grants
from dlmskit.server.push import Destination, PushEvent, PushSender
from dlmskit.transport.base import Saps, Transport, TransportProfile
from tests.server.peers import MANAGEMENT, device_of

ENERGY, PUSH = "1.0.1.8.0.255", "0.0.25.9.0.255"
EVERYTHING = Grants.parse(read=["*"], write=["*"], execute=["*"])
LISTED: tuple[Any, ...] = (3, ENERGY, 2, 0, (0, None), [])


def push_setup(kind: type[PushSetupV0] = PushSetup, **words: Any) -> PushSetupV0:
    """A Push setup that sends an energy to port 4059 of a host."""
    listed = LISTED if kind.version >= 2 else LISTED[:5] if kind.version else LISTED[:4]
    return kind(
        PUSH,
        **{"push_object_list": [listed], "send_destination_and_method": (0, b"192.0.2.9:4059", 0), **words},
    )


def device(setup: PushSetupV0, grants: dict[int, Grants] | None = None, database: Database | None = None) -> Device:
    """A device with this Push setup."""
    register = Register(ENERGY, value=Data.double_long_unsigned(1234), scaler_unit=(0, 30))
    return device_of([register, setup], {MANAGEMENT: EVERYTHING} if grants is None else grants, database)


class PlayedEnd(Transport):
    """A transport that fails as often as it is told, and answers what it is given."""

    def __init__(self, world: World, saps: Saps) -> None:
        self.profile = world.profile
        self.saps = saps
        self._world = world

    async def open(self) -> None:
        self._world.opened += 1
        if self._world.failures:
            self._world.failures -= 1
            raise TransportError("connection refused")

    async def send(self, apdu: bytes) -> None:
        self._world.sent.append((self.saps, apdu))

    async def receive(self, seconds: float | None = None) -> bytes:
        if not self._world.answers:
            raise TransportTimeout("no answer")
        return self._world.answers.pop(0)(self._world.sent[-1][1])

    async def close(self) -> None:
        """Nothing is open."""


class World:
    """Everything outside of a sender."""

    def __init__(self, made: Device, failures: int = 0) -> None:
        self.device = made
        self.failures = failures
        self.profile = TransportProfile("played", 65535, 65535)
        self.opened = 0
        self.sent: list[tuple[Saps, bytes]] = []
        self.answers: list[Callable[[bytes], bytes]] = []
        self.destinations: list[str] = []
        self.events: list[PushEvent] = []
        self.sender = PushSender(made, dial=self.dial, on_event=self.events.append)

    def dial(self, destination: Destination, saps: Saps, limits: Limits) -> Transport:
        self.destinations.append(destination.url)
        return PlayedEnd(self, saps)

    @property
    def outcomes(self) -> list[str]:
        return [event.outcome.value for event in self.events]
