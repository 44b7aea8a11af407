"""The narrow and lossy media: what each is to the layers above, and its frames in UDP datagrams.

A radio or power-line modem is a carrier of its own (`dlmskit.transport.stations.Carrier`). The schemes here put one frame of the
medium into one datagram, ``schc+udp://host:port``: for modems that are reached so, and to simulate a medium between processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.adaptation import Adaptation
from dlmskit.link.schc.compression import Ends
from dlmskit.link.schc.link import MAX_APDU_OCTETS as SCHC_APDU
from dlmskit.link.schc.link import SchcAdaptation
from dlmskit.transport.base import Addressing, HandlerFactory, Listener, Saps, Transport, TransportProfile
from dlmskit.transport.stations import Address, Carrier, StationListener, StationTransport, serve_stations
from dlmskit.transport.udp import UdpCarrier
from dlmskit.transport.url import Scheme, TransportUrl


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium: its profile, and the adaptation of either side."""

    profile: TransportProfile
    client: Callable[[], Adaptation]
    server: Callable[[], Adaptation]
    port: int
    """Where its frames are expected over UDP."""

    def connect(self, carrier: Carrier, peer: Address, saps: Saps | None = None, limits: Limits = DEFAULT) -> StationTransport:
        """The client's side over any carrier of its frames."""
        return StationTransport(carrier, peer, self.client, self.profile, saps, limits)

    async def serve(self, carrier: Carrier, handler_factory: HandlerFactory, limits: Limits = DEFAULT) -> StationListener:
        """The server's side. Raises TransportError."""
        return await serve_stations(carrier, self.server, handler_factory=handler_factory, limits=limits)

    def over_udp(self) -> Scheme:
        """Its frames in datagrams."""
        name = f"{self.profile.name}+udp"

        def connect(url: TransportUrl, limits: Limits) -> Transport:
            remote = url.host_and_port(self.port)
            return self.connect(UdpCarrier(remote=remote), remote, url.saps, limits)

        async def listen(url: TransportUrl, handler_factory: HandlerFactory, limits: Limits) -> Listener:
            return await self.serve(UdpCarrier(local=url.host_and_port(self.port, listening=True)), handler_factory, limits)

        return Scheme(name, f"{name}://host:{self.port}?client=16&server=1", connect, listen=listen)


def _link_local(iid: int) -> bytes:
    return bytes.fromhex("FE80000000000000") + iid.to_bytes(8)


LPWAN_ENDS = Ends(device=_link_local(1), application=_link_local(2))
"""Where nobody says others. Behind a SCHC gateway both ends know each other by DevEUI; the addresses are never sent."""

SCHC_MEDIUM = Medium(
    TransportProfile(
        "schc",
        SCHC_APDU,
        SCHC_APDU,
        connection_oriented=False,
        reliable=False,
        addressing=Addressing.DEV_EUI,
        frame_octets=51,
        half_duplex=True,
        loses_frames=True,
        round_trip_seconds=60.0,
        octets_per_second=30.0,
        duty_cycle=0.01,
    ),
    lambda: SchcAdaptation(LPWAN_ENDS, device=False),
    lambda: SchcAdaptation(LPWAN_ENDS, device=True),
    4070,
)
SCHC = SCHC_MEDIUM.over_udp()
