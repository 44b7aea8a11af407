"""SMS (short wrapper) over a modem or a messaging centre: give a `Modem` of yours to `SmsCarrier`, and have a medium.

    transport = SMS.connect(SmsCarrier(modem), "+491701234567", saps)

Messages come late, twice or never; nothing is answered within seconds. The number of the sender is no authentication.
"""

from __future__ import annotations

import itertools
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import cast

from dlmskit.link.sms import MAX_APDU_OCTETS, MESSAGE_OCTETS, WRAPPER_OCTETS, SmsAdaptation
from dlmskit.transport.base import Addressing, TransportProfile
from dlmskit.transport.carriers import Address, Carrier, Failed, Received
from dlmskit.transport.narrow import Medium

ShortMessageReceived = Callable[[str, bytes, bool], None]
"""Number of the sender, user data, and whether they begin with a header (UDHI)."""


def _nobody_is_told(_error: Exception) -> None:
    """While the modem is not started."""


class Modem(ABC):
    """What sends and receives binary short messages (8-bit data): a modem, or the interface of a messaging centre."""

    def __init__(self) -> None:
        self.failed: Failed = _nobody_is_told
        """Tell here that a message was refused, or that the modem is lost."""

    @abstractmethod
    async def start(self, received: ShortMessageReceived) -> None:
        """Call ``received`` with every message from now on. Raises TransportError."""

    @abstractmethod
    def send(self, number: str, user_data: bytes, *, header: bool) -> None:
        """Send 1 to 140 octets; ``header`` is the mark that they begin with one (TP-UDHI)."""

    @abstractmethod
    def stop(self) -> None:
        """Receive nothing more."""


class SmsCarrier(Carrier):
    """A modem as a carrier: the stations are telephone numbers."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem

    async def open(self, received: Received, failed: Failed) -> None:
        """Start the modem."""
        self._modem.failed = failed
        await self._modem.start(lambda number, octets, header: received(bytes((header,)) + octets, number))

    def send(self, frame: bytes, to: Address) -> None:
        """Send one message."""
        self._modem.send(cast("str", to), frame[1:], header=bool(frame[0]))

    def close(self) -> None:
        """Stop the modem."""
        self._modem.stop()


_REFERENCES = itertools.count(secrets.randbelow(0x100))
"""Numbers what this process sends in parts, by whatever conversation."""

SMS = Medium(
    TransportProfile(
        "sms",
        MAX_APDU_OCTETS,
        MAX_APDU_OCTETS,
        connection_oriented=False,
        reliable=False,
        addressing=Addressing.MSISDN,
        frame_octets=MESSAGE_OCTETS - WRAPPER_OCTETS,
        largest_sap=0xFF,
        loses_frames=True,
        round_trip_seconds=600.0,
    ),
    lambda: SmsAdaptation(_REFERENCES),
    lambda: SmsAdaptation(_REFERENCES),
    0,
)
