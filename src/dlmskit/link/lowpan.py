"""6LoWPAN: IPv6 and UDP in compressed headers (RFC 6282) and fragments (RFC 4944), as in G3-PLC and radio meshes.

Compression knows no contexts: addresses are link-local and made from 16-bit short addresses, or go as they are. Mesh headers and
routing are the business of the layer below, multicast that of nobody here.
"""

from __future__ import annotations

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Adaptation, Sdu, check_sap
from dlmskit.link.ipv6 import HEADER_OCTETS, IPV6_OCTETS, MTU, UDP, UDP_OCTETS, Ipv6Udp, decode_packet
from dlmskit.link.wrapper import decode_datagram, encode_wrapper

PORT = 0xF0B0
"""61616: sixteen ports from here on take four bits (RFC 6282, 4.3.1)."""
MAX_APDU_OCTETS = MTU - HEADER_OCTETS - 8
REASSEMBLY_SECONDS = 60.0
_IPV6_AS_IT_IS = 0x41
_IPHC = 0b011 << 5
_NHC_UDP = 0b11110 << 3
_FRAG1, _FRAGN = 0b11000, 0b11100
_FRAG1_OCTETS, _FRAGN_OCTETS = 4, 5
_HOP_LIMITS = {1: 1, 64: 2, 255: 3}
_LINK_LOCAL = bytes.fromhex("FE80000000000000")
_REASSEMBLIES = 4
"""Unfinished packets of one peer; the oldest makes room."""


class Node(msgspec.Struct, frozen=True):
    """A station by its short address. G3-PLC has the PAN id in interface identifiers, RFC 6282 zeros: ``pan_id`` is 0 there."""

    short_address: int
    pan_id: int = 0

    @property
    def interface_identifier(self) -> bytes:
        """The lower half of its IPv6 address."""
        return self.pan_id.to_bytes(2) + bytes.fromhex("00FFFE00") + self.short_address.to_bytes(2)

    @property
    def address(self) -> bytes:
        """Its link-local IPv6 address."""
        return _LINK_LOCAL + self.interface_identifier


def compress(packet: Ipv6Udp, source: Node, destination: Node) -> bytes:
    """The compressed headers of a packet between two nodes; the payload follows them."""
    traffic, flow = packet.traffic_class, packet.flow_label
    ecn_first = (traffic & 3) << 6 | traffic >> 2
    if flow:
        tf, inline = 0, bytes((ecn_first,)) + flow.to_bytes(3)
    elif traffic:
        tf, inline = 2, bytes((ecn_first,))
    else:
        tf, inline = 3, b""
    limit = _HOP_LIMITS.get(packet.hop_limit, 0)
    sam, source_octets = _compressed(packet.source, source)
    dam, destination_octets = _compressed(packet.destination, destination)
    first = bytes((_IPHC | tf << 3 | 1 << 2 | limit, sam << 4 | dam))
    hops = b"" if limit else bytes((packet.hop_limit,))
    return first + inline + hops + source_octets + destination_octets + _compressed_udp(packet)


def decompress(octets: bytes, source: Node, destination: Node, size: int | None = None) -> bytes:
    """The packet again, or the first part of one of ``size`` octets. Raises DecodeError."""
    if octets[:1] == bytes((_IPV6_AS_IT_IS,)):
        return octets[1:]
    reader = _Reader(octets)
    first, second = reader.take(2)
    if first >> 5 != _IPHC >> 5:
        raise DecodeError(f"dispatch {first:02X} is no IPv6 of ours", 0, "6lowpan")
    if second & 0b1100_1100 or not first & 0b100:
        raise DecodeError("contexts, multicast and other next headers than UDP are not known", 1, "6lowpan")
    traffic, flow = _traffic(first >> 3 & 3, reader)
    limit = (0, 1, 64, 255)[first & 3] or reader.take(1)[0]
    addresses = _address(second >> 4 & 3, source, reader) + _address(second & 3, destination, reader)
    ports, checksum = _udp(reader)
    rest = reader.rest()
    udp_octets = UDP_OCTETS + len(rest) if size is None else size - IPV6_OCTETS
    if not 0 < udp_octets <= 0xFFFF:
        raise DecodeError(f"a packet of {size} octets has no room for UDP", 0, "6lowpan")
    header = (6 << 28 | traffic << 20 | flow).to_bytes(4) + udp_octets.to_bytes(2) + bytes((UDP, limit)) + addresses
    return header + ports + udp_octets.to_bytes(2) + checksum + rest


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._octets[self._at : self._at + count]
        if len(taken) < count:
            raise DecodeError(f"the compressed headers end {count - len(taken)} octets early", self._at, "6lowpan")
        self._at += count
        return taken

    def rest(self) -> bytes:
        return self._octets[self._at :]


def _compressed(address: bytes, node: Node) -> tuple[int, bytes]:
    if address == node.address:
        return 3, b""
    if address[:8] != _LINK_LOCAL:
        return 0, address
    if address[8:14] == node.interface_identifier[:6]:
        return 2, address[14:]
    return 1, address[8:]


def _address(mode: int, node: Node, reader: _Reader) -> bytes:
    if mode == 0:
        return reader.take(16)
    if mode == 1:
        return _LINK_LOCAL + reader.take(8)
    if mode == 2:
        return _LINK_LOCAL + node.interface_identifier[:6] + reader.take(2)
    return node.address


def _traffic(mode: int, reader: _Reader) -> tuple[int, int]:
    """Traffic class and flow label; in what is sent ECN stands before DSCP."""
    if mode == 3:
        return 0, 0
    octet = reader.take(1)[0]
    if mode == 2:
        return (octet & 0x3F) << 2 | octet >> 6, 0
    if mode == 0:
        return (octet & 0x3F) << 2 | octet >> 6, int.from_bytes(reader.take(3)) & 0xFFFFF
    return octet >> 6, (octet & 0xF) << 16 | int.from_bytes(reader.take(2))


def _compressed_udp(packet: Ipv6Udp) -> bytes:
    source, destination = packet.source_port, packet.destination_port
    if source >> 4 == destination >> 4 == PORT >> 4:
        mode, ports = 3, bytes(((source & 15) << 4 | destination & 15,))
    elif destination >> 8 == PORT >> 8:
        mode, ports = 1, source.to_bytes(2) + bytes((destination & 0xFF,))
    elif source >> 8 == PORT >> 8:
        mode, ports = 2, bytes((source & 0xFF,)) + destination.to_bytes(2)
    else:
        mode, ports = 0, source.to_bytes(2) + destination.to_bytes(2)
    return bytes((_NHC_UDP | mode,)) + ports + packet.checksum.to_bytes(2)


def _udp(reader: _Reader) -> tuple[bytes, bytes]:
    """Ports as they are in UDP, and the checksum."""
    header = reader.take(1)[0]
    if header & 0b1111_1100 != _NHC_UDP:
        raise DecodeError(f"{header:02X} is no UDP with its checksum", 0, "6lowpan")
    mode = header & 3
    if mode == 3:
        octet = reader.take(1)[0]
        ports = (PORT | octet >> 4).to_bytes(2) + (PORT | octet & 15).to_bytes(2)
    elif mode == 2:
        ports = bytes((PORT >> 8,)) + reader.take(3)
    elif mode == 1:
        ports = reader.take(2) + bytes((PORT >> 8,)) + reader.take(1)
    else:
        ports = reader.take(4)
    return ports, reader.take(2)


class _Reassembly(msgspec.Struct):
    """One packet in parts, by their place in the uncompressed packet."""

    size: int
    until: float
    parts: dict[int, bytes]

    def add(self, offset: int, octets: bytes) -> bool:
        """Whether the part fits; the same one again does."""
        end = offset + len(octets)
        if not octets or end > self.size or (end < self.size and end % 8):
            return False
        for at, part in self.parts.items():
            if at < end and offset < at + len(part) and (at, part) != (offset, octets):
                return False
        self.parts[offset] = octets
        return True

    @property
    def whole(self) -> bytes | None:
        """The packet, when all is there."""
        if sum(map(len, self.parts.values())) < self.size:
            return None
        return b"".join(part for _, part in sorted(self.parts.items()))


class LowpanAdaptation(Adaptation):
    """One node's conversation with another over frames of ``frame_octets``."""

    def __init__(self, own: Node, peer: Node, *, frame_octets: int, port: int = PORT) -> None:
        super().__init__()
        self._own = own
        self._peer = peer
        self._frame_octets = frame_octets
        self._port = port
        self._tag = 0
        self._unfinished: dict[tuple[int, int], _Reassembly] = {}

    @property
    def due(self) -> float | None:
        """When the oldest unfinished packet is given up."""
        return min((one.until for one in self._unfinished.values()), default=None)

    def submit(self, sdu: Sdu, now: float) -> None:
        """Send the SDU as one packet, in fragments where it is long. Raises EncodeError."""
        check_sap(sdu, 0xFFFF)
        if len(sdu.apdu) > MAX_APDU_OCTETS:
            raise EncodeError(f"this link carries APDUs of {MAX_APDU_OCTETS} octets, not {len(sdu.apdu)}")
        payload = encode_wrapper(*sdu)
        packet = Ipv6Udp(self._own.address, self._peer.address, self._port, self._port, payload)
        headers = compress(packet, self._own, self._peer)
        if len(headers) + len(payload) <= self._frame_octets:
            self.frames.append(headers + payload)
        else:
            self._fragments(headers, payload)

    def receive(self, frame: bytes, now: float) -> None:
        """Take one frame."""
        try:
            kind = frame[0] >> 3 if frame else 0
            if kind in {_FRAG1, _FRAGN}:
                packet = self._part(frame, now, first=kind == _FRAG1)
            else:
                packet = decompress(frame, self._peer, self._own)
            if packet is not None:
                pdu = decode_datagram(decode_packet(packet).payload)
                self.arrived.append(Sdu(pdu.source, pdu.destination, pdu.apdu))
        except DecodeError:
            self.discarded += 1

    def tick(self, now: float) -> None:
        """Give up what was not completed in time."""
        for key in [key for key, one in self._unfinished.items() if one.until <= now]:
            del self._unfinished[key]
            self.discarded += 1

    def _fragments(self, headers: bytes, payload: bytes) -> None:
        self._tag = (self._tag + 1) & 0xFFFF
        size = HEADER_OCTETS + len(payload)
        tag = self._tag.to_bytes(2)
        # Every part but the last covers a multiple of eight octets of the packet as it was.
        end = (self._frame_octets - _FRAG1_OCTETS - len(headers) + HEADER_OCTETS) // 8 * 8
        first = payload[: end - HEADER_OCTETS]
        self.frames.append((_FRAG1 << 11 | size).to_bytes(2) + tag + headers + first)
        step = (self._frame_octets - _FRAGN_OCTETS) // 8 * 8
        while end < size:
            at = end - HEADER_OCTETS
            part = payload[at : at + step]
            self.frames.append((_FRAGN << 11 | size).to_bytes(2) + tag + bytes((end // 8,)) + part)
            end += step

    def _part(self, frame: bytes, now: float, *, first: bool) -> bytes | None:
        reader = _Reader(frame)
        size = int.from_bytes(reader.take(2)) & 0x7FF
        tag = int.from_bytes(reader.take(2))
        offset = 0 if first else reader.take(1)[0] * 8
        if size > MTU:
            raise DecodeError(f"a packet of {size} octets is longer than {MTU}", 0, "6lowpan")
        octets = decompress(reader.rest(), self._peer, self._own, size) if first else reader.rest()
        one = self._unfinished.get((tag, size))
        if one is None:
            if len(self._unfinished) >= _REASSEMBLIES:
                del self._unfinished[next(iter(self._unfinished))]
                self.discarded += 1
            one = self._unfinished[tag, size] = _Reassembly(size, now + REASSEMBLY_SECONDS, {})
        if not one.add(offset, octets):
            del self._unfinished[tag, size]
            raise DecodeError("parts of a packet overlap", 0, "6lowpan")
        whole = one.whole
        if whole is not None:
            del self._unfinished[tag, size]
        return whole
