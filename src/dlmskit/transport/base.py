"""What a transport is to the layers above: it opens, sends and receives whole APDUs, and closes.

A transport serves one pair of SAPs: the client's and the server's. It adds and removes its own headers and never looks into
an APDU. Server side, a listener makes one handler per connection. Implementations stand beside this file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self


class Addressing(StrEnum):
    """How a medium names a station below the SAPs; the layers above treat an address as octets or text."""

    NONE = "none"
    NAME = "name"
    IP = "IP address and port"
    HDLC = "HDLC lower address"
    MAC_12 = "MAC address of 12 bits"
    SHORT_16 = "PAN id and short address"
    EUI_48 = "EUI-48"
    DEV_EUI = "DevEUI"
    MBUS = "M-Bus address"
    MSISDN = "telephone number"


@dataclass(frozen=True, slots=True)
class TransportProfile:
    """What the layers above may know of a medium; they never ask for the class of the transport."""

    name: str
    max_apdu_send: int
    """Largest APDU, in octets, that one ``send`` carries."""
    max_apdu_receive: int
    connection_oriented: bool = True
    """Loss of the connection ends the association."""
    reliable: bool = True
    """Neither loses nor doubles nor reorders whole APDUs; if not, confirmed services are repeated above."""
    server_may_initiate: bool = True
    """A push may arrive without a request."""
    secure: bool = False
    """Something like TLS below. Never a replacement for COSEM security."""
    addressing: Addressing = Addressing.NONE
    frame_octets: int | None = None
    """What gets lost at once: the octets of APDU in one frame. None for a stream, and for a medium that sends lost frames again
    by itself. Below ``max_apdu_send`` where the medium cuts APDUs; then APDUs that fill one frame make the best of it."""
    largest_sap: int = 0xFFFF
    """The widest SAP that its header can say."""
    broadcast: bool = False
    """One frame can reach every station."""
    half_duplex: bool = False
    """One station sends at a time, so that a window above 1 gains nothing."""
    loses_frames: bool = False
    """Frames of it get lost; ``reliable`` says whether it mends that itself."""
    round_trip_seconds: float = 0.0
    """From a request to the first octets of its answer, where nothing is wrong; what answers take by itself comes on top."""
    octets_per_second: float | None = None
    """What it carries at best; None where that is no concern."""
    duty_cycle: float = 1.0
    """The share of the time in which a station may send (0.01 in the European radio bands)."""


@dataclass(frozen=True, slots=True)
class Saps:
    """The two ends of an association, as numbers that every profile shares."""

    client: int = 16
    server: int = 1


class Transport(ABC):
    """An APDU pipe between one client SAP and one server SAP, for asyncio. Also a context manager: opened, then closed."""

    profile: TransportProfile
    saps: Saps

    @abstractmethod
    async def open(self) -> None:
        """Connect. Raises TransportError, TransportTimeout; LocalProtocolError when it is open already."""

    @abstractmethod
    async def send(self, apdu: bytes) -> None:
        """Hand over one APDU. Raises TransportError when closed, EncodeError when the medium cannot carry it."""

    @abstractmethod
    async def receive(self, seconds: float | None = None) -> bytes:
        """The next whole APDU from the peer SAP.

        ``seconds`` (default ``Limits.response_seconds``) run until the first octets arrive; the message must then be complete
        within ``Limits.message_seconds``. Raises TransportTimeout, and TransportError when the connection is closed or what
        arrives is no frame.
        """

    @abstractmethod
    async def close(self) -> None:
        """Disconnect; harmless when closed already."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class BlockingTransport(ABC):
    """The same four calls, with the same meaning and errors, without asyncio."""

    profile: TransportProfile
    saps: Saps

    @abstractmethod
    def open(self) -> None:
        """Connect."""

    @abstractmethod
    def send(self, apdu: bytes) -> None:
        """Hand over one APDU."""

    @abstractmethod
    def receive(self, seconds: float | None = None) -> bytes:
        """The next whole APDU from the peer SAP."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect; harmless when closed already."""

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


class Connection(Protocol):
    """What a handler sees of the peer it serves."""

    @property
    def peer(self) -> str:
        """Printable address, for logs."""

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        """Send without being asked (push). ``source`` is the server's SAP. Dropped when the connection is gone."""

    def close(self) -> None:
        """Drop the peer."""


def is_reliable(connection: Connection) -> bool:
    """Whether its messages are neither lost nor doubled nor reordered: so, unless its ``reliable`` says otherwise."""
    return bool(getattr(connection, "reliable", True))


def round_trip_of(connection: Connection) -> float:
    """Seconds that its medium takes there and back, beyond what is waited for anyway; 0 where it does not say."""
    return float(getattr(connection, "round_trip_seconds", 0.0))


class ConnectionHandler(Protocol):
    """The server's side of one connection."""

    @property
    def associated(self) -> bool:
        """Whether an association is open; connections without one are few and the first to go."""

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        """Serve one APDU from client SAP ``source`` to server SAP ``destination``.

        Returns the APDUs to answer with, in order; none for silence.
        """

    def lost(self, reason: str) -> None:
        """The connection is gone: every association on it ends."""


HandlerFactory = Callable[[Connection], ConnectionHandler]


class Listener(Protocol):
    """A running server."""

    @property
    def port(self) -> int:
        """Where it listens; the number that the system chose when 0 was asked for."""

    @property
    def connections(self) -> int:
        """Peers served now."""

    async def close(self) -> None:
        """Stop listening and close every connection."""
