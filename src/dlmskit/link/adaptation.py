"""What stands between whole APDUs and the frames of a narrow or lossy medium: one conversation of a station with another.

Each medium has its own (S-FSK, PRIME, 6LoWPAN, SCHC, CoAP ...), and all are driven alike: SDUs and frames go in, frames and SDUs
come out, and the time is told. Nothing here sends, waits or looks at a clock, so a conversation runs over a socket, a radio and a
simulated medium in the same way. `dlmskit.transport.stations` drives it on asyncio.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import NamedTuple

from dlmskit.errors import EncodeError


class Sdu(NamedTuple):
    """An APDU and the SAPs it goes between."""

    source: int
    destination: int
    apdu: bytes


class Adaptation(ABC):
    """One end of a conversation. After each call look at ``frames``, ``arrived``, ``failures`` and ``due``."""

    def __init__(self) -> None:
        self.frames: deque[bytes] = deque()
        """To be sent, in order."""
        self.arrived: deque[Sdu] = deque()
        """Whole SDUs of the peer."""
        self.failures: deque[str] = deque()
        """SDUs given up, in words: the peer did not acknowledge them, or they do not fit."""
        self.discarded = 0
        """Frames, and parts of SDUs, that were dropped."""

    @abstractmethod
    def submit(self, sdu: Sdu, now: float) -> None:
        """Send an SDU. Raises EncodeError where the medium cannot carry it."""

    @abstractmethod
    def receive(self, frame: bytes, now: float) -> None:
        """Take one frame of the peer; whatever is in it, nothing is raised."""

    @property
    def due(self) -> float | None:
        """When `tick` is to be called at the latest; None while nothing is waited for."""
        return None

    def tick(self, now: float) -> None:  # noqa: B027 - who waits for nothing has nothing to do
        """The time has come."""


def check_sap(sdu: Sdu, largest: int) -> None:
    """Raise EncodeError where a SAP is wider than the field of the medium."""
    for sap in (sdu.source, sdu.destination):
        if not 0 <= sap <= largest:
            raise EncodeError(f"this medium knows the SAPs 0 to {largest}, not {sap}")
