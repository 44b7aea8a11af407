"""Client side of the TCP profile (IEC 62056-4-7) over a plain socket: for programs without an event loop."""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import NoReturn

from dlmskit.errors import DlmsError, LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import MAX_APDU_OCTETS, PORT, WrapperDeframer, encode_wrapper
from dlmskit.transport.base import Addressing, BlockingTransport, Saps, TransportProfile

CONNECT_SECONDS = 10.0
_RECEIVE_OCTETS = 1 << 14


def tcp_profile(limits: Limits) -> TransportProfile:
    """What the TCP profile is to the layers above."""
    largest = min(MAX_APDU_OCTETS, limits.frame_octets)
    return TransportProfile("tcp", MAX_APDU_OCTETS, largest, addressing=Addressing.IP)


class BlockingTcpTransport(BlockingTransport):
    """An APDU pipe to ``host:port``, one thread at a time (see `dlmskit.transport.base.BlockingTransport`)."""

    def __init__(
        self,
        host: str,
        port: int = PORT,
        saps: Saps | None = None,
        limits: Limits = DEFAULT,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        self.saps = saps or Saps()
        self.profile = tcp_profile(limits)
        self._host = host
        self._port = port
        self._limits = limits
        self._connect_seconds = connect_seconds
        self._socket: socket.socket | None = None
        self._deframer = WrapperDeframer(limits)
        self._arrived: deque[bytes] = deque()
        self._begun = 0.0
        """When the unfinished message began."""
        self._strange = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._host}:{self._port} client={self.saps.client} server={self.saps.server}>"

    @property
    def where(self) -> str:
        """The peer, for messages."""
        return f"{self._host}:{self._port}"

    @property
    def discarded(self) -> int:
        """PDUs that arrived between other wPorts than ours, and were dropped."""
        return self._deframer.discarded + self._strange

    def open(self) -> None:
        """Connect within ``connect_seconds``."""
        if self._socket is not None:
            raise LocalProtocolError("this transport is open already")
        try:
            self._socket = self._connected()
        except TimeoutError:
            raise TransportTimeout(f"no connection to {self.where} within {self._connect_seconds:g} s") from None
        except OSError as error:
            raise self._not_connected(error) from error
        self._deframer = WrapperDeframer(self._limits)
        self._arrived.clear()

    def send(self, apdu: bytes) -> None:
        """Write header and APDU; returns when the system has taken them."""
        octets = encode_wrapper(self.saps.client, self.saps.server, apdu)
        opened = self._opened()
        opened.settimeout(self._limits.message_seconds)
        try:
            opened.sendall(octets)
        except TimeoutError:
            self.close()
            raise TransportTimeout(f"the peer takes nothing for {self._limits.message_seconds:g} s") from None
        except OSError as error:
            self.close()
            raise self._why_lost(error) from error

    def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU from our server's wPort to ours."""
        if seconds is None:
            seconds = self._limits.response_seconds
        opened = self._opened()
        due = time.monotonic() + seconds
        while not self._arrived:
            if self._deframer.broken is not None:
                self.close()
                raise TransportError(f"what arrives is not the wrapper: {self._deframer.broken}")
            # A message that began in time is waited for as long as a message may take.
            begun = self._deframer.pending > 0 and self._begun <= due
            remaining = (self._begun + self._limits.message_seconds if begun else due) - time.monotonic()
            if remaining <= 0:
                self._expired(seconds)
            opened.settimeout(remaining)
            try:
                octets = opened.recv(_RECEIVE_OCTETS)
            except TimeoutError:
                self._expired(seconds)
            except OSError as error:
                self.close()
                raise self._why_lost(error) from error
            self._feed(octets)
        return self._arrived.popleft()

    def close(self) -> None:
        """Close the connection; another ``open`` makes a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        connected = socket.create_connection((self._host, self._port), self._connect_seconds)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def _not_connected(self, error: OSError) -> DlmsError:
        return TransportError(f"no connection to {self.where}: {error.strerror or error}")

    def _why_lost(self, error: OSError | None) -> DlmsError:
        if error is not None:
            return TransportError(f"connection lost: {error.strerror or error}")
        waiting = self._deframer.pending
        into = f" {waiting} octets into a message" if waiting else ""
        return TransportError(f"connection closed by the peer{into}")

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise TransportError("the connection is not open")
        return self._socket

    def _feed(self, octets: bytes) -> None:
        waiting = self._deframer.pending
        if not octets:
            self.close()
            raise self._why_lost(None)
        pdus = self._deframer.feed(octets)
        if pdus or not waiting:
            self._begun = time.monotonic()
        for pdu in pdus:
            if (pdu.source, pdu.destination) == (self.saps.server, self.saps.client):
                self._arrived.append(pdu.apdu)
            else:
                self._strange += 1

    def _expired(self, seconds: float) -> NoReturn:
        waiting = self._deframer.pending
        if not waiting:
            raise TransportTimeout(f"no answer within {seconds:g} s")
        self.close()
        raise TransportTimeout(f"slow peer: {waiting} octets of a message in {self._limits.message_seconds:g} s")
