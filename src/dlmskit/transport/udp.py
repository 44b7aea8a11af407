"""The UDP profile (IEC 62056-4-7) on asyncio: one wrapped APDU per datagram, both sides; and UDP as a carrier of other frames.

Lost, doubled and reordered datagrams are left as they are: repetition and the filter of doubles belong to the association, which
must renew the invocation counter. The server side keeps one handler per peer address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from dlmskit.errors import DecodeError, EncodeError, TransportError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.adaptation import Adaptation, Sdu
from dlmskit.link.wrapper import HEADER_OCTETS, PORT, decode_datagram, encode_wrapper
from dlmskit.transport.base import Addressing, HandlerFactory, Listener, Saps, Transport, TransportProfile
from dlmskit.transport.carriers import Address, Carrier, Failed, Received
from dlmskit.transport.stations import StationListener, StationTransport, serve_stations
from dlmskit.transport.url import Scheme, TransportUrl

MAX_DATAGRAM_APDU = 65_507 - HEADER_OCTETS
"""What IPv4 can carry at all; above `UNCUT_APDU` the IP layer cuts it, so use block transfer."""
UNCUT_APDU = 1280 - 48 - HEADER_OCTETS
"""What passes every IPv6 network in one packet."""

IpAddress = tuple[str, int]


class UdpCarrier(Carrier):
    """Datagrams: of a server at ``local``, or of a client to ``remote`` alone."""

    def __init__(self, *, local: IpAddress | None = None, remote: IpAddress | None = None) -> None:
        self._local = local
        self._remote = remote
        self._endpoint: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        """Our own port; 0 while closed."""
        return int(self._endpoint.get_extra_info("sockname")[1]) if self._endpoint is not None else 0

    async def open(self, received: Received, failed: Failed) -> None:
        """Make the socket."""
        loop = asyncio.get_running_loop()
        protocol = _Datagrams(received if self._remote is None else self._from_remote(received), failed)
        try:
            self._endpoint, _ = await loop.create_datagram_endpoint(
                lambda: protocol, local_addr=self._local, remote_addr=self._remote
            )
        except OSError as error:
            what = f"no route to {self.shown(self._remote)}" if self._remote else f"cannot listen at {self.shown(self._local)}"
            raise TransportError(f"{what}: {error.strerror or error}") from error

    def send(self, frame: bytes, to: Address) -> None:
        """Send one datagram; nobody says whether it arrives."""
        if self._endpoint is not None:
            self._endpoint.sendto(frame, None if self._remote is not None else cast("IpAddress", to))

    def close(self) -> None:
        """Close the socket."""
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None

    def shown(self, address: Address) -> str:
        """Host and port."""
        host, port = cast("IpAddress", address)[:2]
        return f"{host}:{port}"

    def _from_remote(self, received: Received) -> Received:
        """The system lets datagrams of this peer alone through; we know it by the name that we were given."""
        return lambda frame, _: received(frame, self._remote)


class WrapperAdaptation(Adaptation):
    """One wrapped APDU is one frame."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        super().__init__()
        self._limits = limits

    def submit(self, sdu: Sdu, now: float) -> None:
        """Wrap it. Raises EncodeError for more than a datagram carries."""
        if len(sdu.apdu) > MAX_DATAGRAM_APDU:
            raise EncodeError(f"a datagram carries {MAX_DATAGRAM_APDU} octets of APDU, not {len(sdu.apdu)}")
        self.frames.append(encode_wrapper(*sdu))

    def receive(self, frame: bytes, now: float) -> None:
        """Unwrap it."""
        try:
            pdu = decode_datagram(frame, self._limits)
        except DecodeError:
            self.discarded += 1
            return
        self.arrived.append(Sdu(pdu.source, pdu.destination, pdu.apdu))


class UdpTransport(StationTransport):
    """An APDU pipe to ``host:port`` (see `dlmskit.transport.base.Transport`); ``open`` sends nothing."""

    def __init__(self, host: str, port: int = PORT, saps: Saps | None = None, limits: Limits = DEFAULT) -> None:
        carrier = UdpCarrier(remote=(host, port))
        super().__init__(carrier, (host, port), lambda: WrapperAdaptation(limits), udp_profile(limits), saps, limits)

    @property
    def local_port(self) -> int:
        """Our own port, by which the peer sees us; 0 while closed."""
        return self._carrier.port


def udp_profile(limits: Limits) -> TransportProfile:
    """What the UDP profile is to the layers above."""
    return TransportProfile(
        "udp",
        MAX_DATAGRAM_APDU,
        min(MAX_DATAGRAM_APDU, limits.frame_octets),
        connection_oriented=False,
        reliable=False,
        addressing=Addressing.IP,
        frame_octets=UNCUT_APDU,
        loses_frames=True,
    )


async def serve_udp(host: str, port: int = PORT, *, handler_factory: HandlerFactory, limits: Limits = DEFAULT) -> StationListener:
    """Listen for wrapped APDUs in datagrams. ``handler_factory`` is called once per peer address. Raises TransportError."""
    carrier = UdpCarrier(local=(host, port))
    return await serve_stations(carrier, lambda: WrapperAdaptation(limits), handler_factory=handler_factory, limits=limits)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Received, failed: Callable[[Exception], None]) -> None:
        self._received = received
        self._failed = failed

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        self._received(data, addr[:2])

    def error_received(self, error: Exception) -> None:
        self._failed(error)


def _connect(url: TransportUrl, limits: Limits) -> Transport:
    host, port = url.host_and_port(PORT)
    return UdpTransport(host, port, url.saps, limits)


async def _listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
    host, port = url.host_and_port(PORT, listening=True)
    return await serve_udp(host, port, handler_factory=handler_factory, limits=limits)


SCHEME = Scheme("udp", "udp://host:4059?client=16&server=1", _connect, listen=_listen)
