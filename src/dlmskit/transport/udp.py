"""The UDP profile (IEC 62056-4-7) on asyncio: one wrapped APDU per datagram, both sides.

Lost, doubled and reordered datagrams are left as they are: repetition and the filter of doubles belong to the association, which
must renew the invocation counter. The server side keeps one handler per peer address.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import cast

from dlmskit.errors import DecodeError, DlmsError, EncodeError, LocalProtocolError, TransportError, TransportTimeout
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.wrapper import HEADER_OCTETS, PORT, WrapperPdu, decode_datagram, encode_wrapper
from dlmskit.transport.base import Addressing, ConnectionHandler, HandlerFactory, Listener, Saps, Transport, TransportProfile
from dlmskit.transport.timer import LazyTimer
from dlmskit.transport.url import Scheme, TransportUrl

_LOG = logging.getLogger("dlmskit.transport")
MAX_DATAGRAM_APDU = 65_507 - HEADER_OCTETS
"""What IPv4 can carry at all; above `UNCUT_APDU` the IP layer cuts it, so use block transfer."""
UNCUT_APDU = 1280 - 48 - HEADER_OCTETS
"""What passes every IPv6 network in one packet."""
AMPLIFICATION = 3
"""A peer without association gets no answer above this many times its request."""
_QUEUED_APDUS = 64

Address = tuple[str, int]


class UdpTransport(Transport):
    """An APDU pipe to ``host:port`` (see `dlmskit.transport.base.Transport`); ``open`` sends nothing."""

    def __init__(self, host: str, port: int = PORT, saps: Saps | None = None, limits: Limits = DEFAULT) -> None:
        self.saps = saps or Saps()
        self.profile = TransportProfile(
            "udp",
            MAX_DATAGRAM_APDU,
            min(MAX_DATAGRAM_APDU, limits.frame_octets),
            connection_oriented=False,
            reliable=False,
            addressing=Addressing.IP,
            frame_octets=UNCUT_APDU,
            loses_frames=True,
        )
        self.discarded = 0
        """Datagrams that were no wrapped APDU between our wPorts."""
        self._host = host
        self._port = port
        self._limits = limits
        self._arrived: deque[bytes] = deque(maxlen=_QUEUED_APDUS)
        self._waiter: asyncio.Future[None] | None = None
        self._failure: TransportError | None = None
        self._endpoint: asyncio.DatagramTransport | None = None

    def __repr__(self) -> str:
        return f"<UdpTransport {self._host}:{self._port} client={self.saps.client} server={self.saps.server}>"

    async def open(self) -> None:
        """Make a socket that talks to this peer alone."""
        if self._endpoint is not None:
            raise LocalProtocolError("this transport is open already")
        loop = asyncio.get_running_loop()
        protocol = _Datagrams(self._received, self._failed)
        try:
            endpoint, _ = await loop.create_datagram_endpoint(lambda: protocol, remote_addr=(self._host, self._port))
        except OSError as error:
            raise TransportError(f"no route to {self._host}:{self._port}: {error.strerror or error}") from error
        self._endpoint = endpoint
        self._arrived.clear()
        self._failure = None

    async def send(self, apdu: bytes) -> None:
        """Send one datagram; nobody says whether it arrives."""
        endpoint = self._opened()
        if len(apdu) > MAX_DATAGRAM_APDU:
            raise EncodeError(f"a datagram carries {MAX_DATAGRAM_APDU} octets of APDU, not {len(apdu)}")
        self._failure = None
        endpoint.sendto(encode_wrapper(self.saps.client, self.saps.server, apdu))

    async def receive(self, seconds: float | None = None) -> bytes:
        """The next APDU from our server's wPort to ours."""
        self._opened()
        if seconds is None:
            seconds = self._limits.response_seconds
        if self._waiter is not None:
            raise LocalProtocolError("another task receives on this transport already")
        try:
            async with asyncio.timeout(seconds):
                while not self._arrived:
                    if self._failure is not None:
                        raise self._failure
                    self._waiter = asyncio.get_running_loop().create_future()
                    await self._waiter
        except TimeoutError:
            raise TransportTimeout(f"no answer within {seconds:g} s") from None
        finally:
            self._waiter = None
        return self._arrived.popleft()

    async def close(self) -> None:
        """Close the socket."""
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None
            self._failed(TransportError("closed on this side"))

    def _opened(self) -> asyncio.DatagramTransport:
        if self._endpoint is None:
            raise TransportError("the transport is not open")
        return self._endpoint

    def _received(self, octets: bytes, _: Address) -> None:
        try:
            pdu = decode_datagram(octets, self._limits)
        except DecodeError:
            self.discarded += 1
            return
        if (pdu.source, pdu.destination) != (self.saps.server, self.saps.client):
            self.discarded += 1
            return
        self._arrived.append(pdu.apdu)
        self._wake()

    def _failed(self, error: Exception) -> None:
        self._failure = error if isinstance(error, TransportError) else TransportError(f"the peer cannot be reached: {error}")
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class UdpListener:
    """A running server (see `dlmskit.transport.base.Listener`); made by `serve_udp`."""

    def __init__(self, handler_factory: HandlerFactory, limits: Limits) -> None:
        self.discarded = 0
        """Datagrams that were no wrapped APDU."""
        self.withheld = 0
        """Answers not sent: too long for a peer without association."""
        self._handler_factory = handler_factory
        self._limits = limits
        self._endpoint: asyncio.DatagramTransport | None = None
        self._peers: dict[Address, _Peer] = {}  # the one heard longest ago comes first

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._endpoint.get_extra_info("sockname")[1]) if self._endpoint is not None else 0

    @property
    def connections(self) -> int:
        """Peers that have a handler now."""
        return len(self._peers)

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises TransportError when the address cannot be used."""
        loop = asyncio.get_running_loop()
        protocol = _Datagrams(self._received, lambda error: _LOG.info("udp: %s", error))
        try:
            endpoint, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=(host, port))
        except OSError as error:
            raise TransportError(f"cannot listen at {host}:{port}: {error.strerror or error}") from error
        self._endpoint = endpoint

    async def close(self) -> None:
        """Stop listening; every handler is told."""
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None
        for peer in tuple(self._peers.values()):
            peer.end("the server stops")

    def transmit(self, octets: bytes, address: Address) -> None:
        """Send one datagram."""
        if self._endpoint is not None:
            self._endpoint.sendto(octets, address)

    def forget(self, address: Address) -> None:
        """A peer is gone."""
        self._peers.pop(address, None)

    def _received(self, octets: bytes, address: Address) -> None:
        try:
            pdu = decode_datagram(octets, self._limits)
        except DecodeError:
            self.discarded += 1
            return
        peer = self._peers.pop(address, None)
        if peer is None:
            peer = self._admitted(address)
            if peer is None:
                self.discarded += 1
                return
        self._peers[address] = peer
        self.withheld += peer.serve(pdu, len(octets))

    def _admitted(self, address: Address) -> _Peer | None:
        if len(self._peers) >= self._limits.connections:
            idle = next((peer for peer in self._peers.values() if not peer.associated), None)
            if idle is None:
                return None
            idle.end("made room for a newer peer: no association was open")
        return _Peer(self, address, self._handler_factory, self._limits)


class _Peer:
    """One peer address, as its handler sees it."""

    reliable = False

    def __init__(self, listener: UdpListener, address: Address, handler_factory: HandlerFactory, limits: Limits) -> None:
        self.peer = f"{address[0]}:{address[1]}"
        self._listener = listener
        self._address = address
        self._limits = limits
        self._inactivity = LazyTimer(asyncio.get_running_loop(), lambda: self.end("inactivity"))
        self._handler: ConnectionHandler = handler_factory(self)

    @property
    def associated(self) -> bool:
        return self._handler.associated

    def serve(self, pdu: WrapperPdu, request_octets: int) -> int:
        """Answer one request; returns how many answers were withheld."""
        self._inactivity.set(self._limits.inactivity_seconds)
        try:
            apdus = self._handler.received(pdu.source, pdu.destination, pdu.apdu)
            answers = [encode_wrapper(pdu.destination, pdu.source, apdu) for apdu in apdus]
        except DlmsError as error:
            self.end(f"the request could not be served: {error}")
            return 0
        allowed = AMPLIFICATION * request_octets
        if not self._handler.associated and sum(map(len, answers)) > allowed:
            return len(answers)
        for answer in answers:
            self._listener.transmit(answer, self._address)
        return 0

    def send(self, source: int, destination: int, apdu: bytes) -> None:
        self._listener.transmit(encode_wrapper(source, destination, apdu), self._address)

    def close(self) -> None:
        self.end("closed by the server")

    def end(self, reason: str) -> None:
        self._inactivity.cancel()
        self._listener.forget(self._address)
        self._handler.lost(reason)


async def serve_udp(host: str, port: int = PORT, *, handler_factory: HandlerFactory, limits: Limits = DEFAULT) -> UdpListener:
    """Listen for wrapped APDUs in datagrams. ``handler_factory`` is called once per peer address. Raises TransportError."""
    listener = UdpListener(handler_factory, limits)
    await listener.start(host, port)
    return listener


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None], failed: Callable[[Exception], None]) -> None:
        self._received = received
        self._failed = failed

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        self._received(data, cast("Address", addr))

    def error_received(self, error: Exception) -> None:
        self._failed(error)


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    host, port = url.host_and_port(PORT)
    return UdpTransport(host, port, url.saps, limits)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    host, port = url.host_and_port(PORT, listening=True)
    return await serve_udp(host, port, handler_factory=handler_factory, limits=limits)


SCHEME = Scheme("udp", "udp://host:4059?client=16&server=1", _connect, listen=_listen)
