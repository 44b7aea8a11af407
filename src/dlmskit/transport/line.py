"""Ways to the plain octets of a medium, for link layers that find their frames themselves: a TCP stream, a serial device.

A line is opened for asyncio or for blocking use; the link machines above do not know which.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable

from dlmskit.errors import TransportError, TransportTimeout

CONNECT_SECONDS = 10.0
_RECEIVE_OCTETS = 1 << 14


class BlockingOctets(ABC):
    """An open line without asyncio."""

    @abstractmethod
    def read(self, seconds: float) -> bytes:
        """What has arrived; nothing when nothing comes in time. Raises TransportError when the line is gone."""

    @abstractmethod
    def write(self, octets: bytes, seconds: float) -> None:
        """Send all. Raises TransportError, TransportTimeout."""

    @abstractmethod
    def close(self) -> None:
        """Let go."""


class Line(ABC):
    """A way to a peer, not opened yet."""

    octet_seconds: float = 0.0
    """What one octet takes on the way; 0 where it is not felt."""

    @abstractmethod
    async def connect(self, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        """Open it for asyncio. Raises TransportError, TransportTimeout."""

    @abstractmethod
    def connect_blocking(self) -> BlockingOctets:
        """Open it without asyncio. Raises TransportError, TransportTimeout."""


class TcpLine(Line):
    """A TCP stream: a converter in front of a serial line, or a peer that speaks the link layer over TCP."""

    def __init__(self, host: str, port: int, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._host = host
        self._port = port
        self._seconds = connect_seconds

    def __repr__(self) -> str:
        return f"{self._host}:{self._port}"

    async def connect(self, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        """Connect within the seconds given."""
        try:
            async with asyncio.timeout(self._seconds):
                transport, _ = await asyncio.get_running_loop().create_connection(protocol, self._host, self._port)
        except TimeoutError:
            raise TransportTimeout(f"no connection to {self!r} within {self._seconds:g} s") from None
        except OSError as error:
            raise TransportError(f"no connection to {self!r}: {error.strerror or error}") from error
        return transport

    def connect_blocking(self) -> BlockingOctets:
        """Connect within the seconds given."""
        try:
            connected = socket.create_connection((self._host, self._port), self._seconds)
        except TimeoutError:
            raise TransportTimeout(f"no connection to {self!r} within {self._seconds:g} s") from None
        except OSError as error:
            raise TransportError(f"no connection to {self!r}: {error.strerror or error}") from error
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Socket(connected)


class _Socket(BlockingOctets):
    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def read(self, seconds: float) -> bytes:
        self._socket.settimeout(max(seconds, 0.001))
        try:
            octets = self._socket.recv(_RECEIVE_OCTETS)
        except TimeoutError:
            return b""
        except OSError as error:
            raise TransportError(f"connection lost: {error.strerror or error}") from error
        if not octets:
            raise TransportError("connection closed by the peer")
        return octets

    def write(self, octets: bytes, seconds: float) -> None:
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(octets)
        except TimeoutError:
            raise TransportTimeout(f"the peer takes nothing for {seconds:g} s") from None
        except OSError as error:
            raise TransportError(f"connection lost: {error.strerror or error}") from error

    def close(self) -> None:
        self._socket.close()
