"""An IPv6 packet with one UDP datagram (RFC 8200, RFC 768): what 6LoWPAN and SCHC compress. No extension headers."""

from __future__ import annotations

import struct

import msgspec

from dlmskit.errors import DecodeError, EncodeError

UDP = 17
IPV6_OCTETS = 40
UDP_OCTETS = 8
HEADER_OCTETS = IPV6_OCTETS + UDP_OCTETS
MTU = 1280
"""What every link below IPv6 must carry."""
_IPV6 = struct.Struct(">IHBB16s16s")
_UDP = struct.Struct(">HHHH")


class Ipv6Udp(msgspec.Struct, frozen=True, gc=False):
    """One packet; lengths and checksum are computed when it is encoded, and verified when it is decoded."""

    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    payload: bytes
    hop_limit: int = 64
    traffic_class: int = 0
    flow_label: int = 0

    @property
    def udp_octets(self) -> int:
        """The length field of UDP, and the payload length of IPv6."""
        return UDP_OCTETS + len(self.payload)

    @property
    def checksum(self) -> int:
        """Over pseudo header and datagram (RFC 8200, 8.1); never 0."""
        pseudo = self.source + self.destination + struct.pack(">IxxxB", self.udp_octets, UDP)
        datagram = _UDP.pack(self.source_port, self.destination_port, self.udp_octets, 0) + self.payload
        octets = pseudo + datagram + b"\0" * (len(datagram) % 2)
        total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return ~total & 0xFFFF or 0xFFFF

    def encode(self) -> bytes:
        """The octets of the packet. Raises EncodeError for a payload that no packet carries."""
        if self.udp_octets > 0xFFFF:
            raise EncodeError(f"a UDP datagram carries {0xFFFF - UDP_OCTETS} octets, not {len(self.payload)}")
        first = 6 << 28 | self.traffic_class << 20 | self.flow_label
        header = _IPV6.pack(first, self.udp_octets, UDP, self.hop_limit, self.source, self.destination)
        return header + _UDP.pack(self.source_port, self.destination_port, self.udp_octets, self.checksum) + self.payload


def decode_packet(octets: bytes) -> Ipv6Udp:
    """Read a packet. Raises DecodeError for what is no UDP in IPv6, or has wrong lengths or a wrong checksum."""
    if len(octets) < HEADER_OCTETS:
        raise DecodeError(f"IPv6 and UDP take {HEADER_OCTETS} octets, {len(octets)} are there", 0, "ipv6")
    first, length, following, hop_limit, source, destination = _IPV6.unpack_from(octets)
    if first >> 28 != 6 or following != UDP:
        raise DecodeError(f"version {first >> 28} with next header {following} is no UDP in IPv6", 0, "ipv6")
    source_port, destination_port, udp_length, checksum = _UDP.unpack_from(octets, IPV6_OCTETS)
    if length != len(octets) - IPV6_OCTETS or udp_length != length:
        raise DecodeError(f"lengths {length} and {udp_length} in a packet of {len(octets)} octets", 4, "ipv6.length")
    packet = Ipv6Udp(
        source=source,
        destination=destination,
        source_port=source_port,
        destination_port=destination_port,
        payload=octets[HEADER_OCTETS:],
        hop_limit=hop_limit,
        traffic_class=first >> 20 & 0xFF,
        flow_label=first & 0xFFFFF,
    )
    if checksum != packet.checksum:
        raise DecodeError(f"the UDP checksum is {checksum:04X}, it must be {packet.checksum:04X}", 46, "udp.checksum")
    return packet
