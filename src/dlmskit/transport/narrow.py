"""The narrow and lossy media: what each is to the layers above, and its frames in UDP datagrams.

A radio or power-line modem is a carrier of its own (`dlmskit.transport.carriers.Carrier`). The schemes here put one frame of the
medium into one datagram, ``schc+udp://host:port``: for modems that are reached so, and to simulate a medium between processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.adaptation import Adaptation
from dlmskit.link.lowpan import MAX_APDU_OCTETS as LOWPAN_APDU
from dlmskit.link.lowpan import LowpanAdaptation, Node
from dlmskit.link.prime import MAX_APDU_OCTETS as PRIME_APDU
from dlmskit.link.prime import SEGMENT_OCTETS, PrimeAdaptation
from dlmskit.link.schc.compression import Ends
from dlmskit.link.schc.link import MAX_APDU_OCTETS as SCHC_APDU
from dlmskit.link.schc.link import SchcAdaptation
from dlmskit.link.sfsk import (
    FIRST_INITIATOR,
    MAX_LLC_OCTETS,
    MOST_SUBFRAMES,
    SUBFRAME_OCTETS,
    SUBFRAME_SECONDS,
    SfskAdaptation,
)
from dlmskit.link.sfsk import MAX_APDU_OCTETS as SFSK_APDU
from dlmskit.transport.base import Addressing, HandlerFactory, Listener, Saps, Transport, TransportProfile
from dlmskit.transport.carriers import Address, Carrier
from dlmskit.transport.stations import StationListener, StationTransport, serve_stations
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
        return await serve_stations(
            carrier,
            self.server,
            handler_factory=handler_factory,
            limits=limits,
            round_trip_seconds=self.profile.round_trip_seconds,
        )

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

G3_PAN, G3_COORDINATOR, G3_METER = 0x781D, 0, 1
"""Where nobody says others."""
G3_MEDIUM = Medium(
    TransportProfile(
        "g3",
        LOWPAN_APDU,
        LOWPAN_APDU,
        connection_oriented=False,
        reliable=False,
        addressing=Addressing.SHORT_16,
        frame_octets=400,
        half_duplex=True,
        loses_frames=True,
        round_trip_seconds=5.0,
        octets_per_second=2500.0,
    ),
    lambda: LowpanAdaptation(Node(G3_COORDINATOR, G3_PAN), Node(G3_METER, G3_PAN), frame_octets=400),
    lambda: LowpanAdaptation(Node(G3_METER, G3_PAN), Node(G3_COORDINATOR, G3_PAN), frame_octets=400),
    4071,
)
MESH_MEDIUM = Medium(
    replace(G3_MEDIUM.profile, name="mesh", frame_octets=102, octets_per_second=6000.0),
    lambda: LowpanAdaptation(Node(G3_COORDINATOR), Node(G3_METER), frame_octets=102),
    lambda: LowpanAdaptation(Node(G3_METER), Node(G3_COORDINATOR), frame_octets=102),
    4072,
)
"""A radio mesh of IEEE 802.15.4: what its frame of 127 octets leaves."""

PRIME_MEDIUM = Medium(
    TransportProfile(
        "prime",
        PRIME_APDU,
        PRIME_APDU,
        connection_oriented=False,
        reliable=False,
        addressing=Addressing.EUI_48,
        frame_octets=SEGMENT_OCTETS,
        largest_sap=0xFF,
        half_duplex=True,
        loses_frames=True,
        round_trip_seconds=5.0,
        octets_per_second=2000.0,
    ),
    PrimeAdaptation,
    PrimeAdaptation,
    4073,
)

SFSK_CREDIT = 3
SFSK_MEDIUM = Medium(
    TransportProfile(
        "sfsk",
        SFSK_APDU,
        SFSK_APDU,
        connection_oriented=False,
        reliable=False,
        server_may_initiate=False,
        addressing=Addressing.MAC_12,
        frame_octets=MAX_LLC_OCTETS,
        largest_sap=0xFF,
        half_duplex=True,
        loses_frames=True,
        round_trip_seconds=(2 * SFSK_CREDIT + 2) * MOST_SUBFRAMES * SUBFRAME_SECONDS,
        octets_per_second=SUBFRAME_OCTETS / SUBFRAME_SECONDS,
    ),
    lambda: SfskAdaptation(FIRST_INITIATOR, 0x001, credit=SFSK_CREDIT),
    lambda: SfskAdaptation(0x001, FIRST_INITIATOR, credit=SFSK_CREDIT),
    4074,
)

SCHC = SCHC_MEDIUM.over_udp()
G3 = G3_MEDIUM.over_udp()
MESH = MESH_MEDIUM.over_udp()
PRIME = PRIME_MEDIUM.over_udp()
SFSK = SFSK_MEDIUM.over_udp()
