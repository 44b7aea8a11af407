"""Reads packet captures (pcap, pcapng): TCP streams put back in order, UDP datagrams, serial octets under the user link types.

Traffic counts when it uses port 4059 or when its content is a frame. The packets are taken apart by dpkt.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import dpkt

from dlmskit.errors import DecodeError
from dlmskit.link.wrapper import PORT, decode_header
from dlmskit.trace.chunk import Chunk
from dlmskit.trace.recognise import candidates, proves_itself
from dlmskit.trace.tcp_streams import Conversation, Endpoint, named

_MAGIC = {b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a"}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_DPKT_ERRORS = (dpkt.Error, ValueError, IndexError, KeyError, AttributeError, TypeError, EOFError, struct.error)
"""What dpkt raises for damaged input."""
_USER_LINKS = range(147, 163)
"""DLT_USER0..15: what the line carried, nothing around it."""
_LINKS: dict[int, Any] = {
    0: dpkt.loopback.Loopback,
    1: dpkt.ethernet.Ethernet,
    108: dpkt.loopback.Loopback,
    113: dpkt.sll.SLL,
    276: dpkt.sll2.SLL2,
}
_RAW_IP = frozenset({12, 14, 101, 228, 229})
_LOOKED_AT = 4096
"""Octets at the start of a stream in which a frame must be found."""


def is_capture(octets: bytes) -> bool:
    """Whether the octets begin like a pcap or pcapng file."""
    return octets[:4] in _MAGIC


def read_capture(octets: bytes, label: str) -> list[Chunk]:
    """The DLMS traffic of a capture, in the order in which it began.

    Raises DecodeError for a file that cannot be read, a link type that is not known, and a capture without such traffic.
    """
    traffic = _Traffic(label)
    packets = 0
    for link, timestamp, packet in _packets(octets, label):
        packets += 1
        if link in _USER_LINKS:
            traffic.serial += packet
        else:
            _take_apart(link, packet, timestamp, traffic)
    chunks = traffic.chunks()
    if not chunks:
        raise DecodeError(f"{label}: no DLMS traffic in {packets} packets (port {PORT}, or frames in TCP and UDP)", 0)
    return chunks


class _Traffic:
    """What was found so far."""

    def __init__(self, label: str) -> None:
        self.serial = bytearray()
        self._label = label
        self._datagrams: list[Chunk] = []
        self._conversations: dict[frozenset[Endpoint], Conversation] = {}
        self._finished: list[Conversation] = []

    def add_datagram(self, source: Endpoint, destination: Endpoint, octets: bytes, timestamp: float) -> None:
        if octets and _counts(octets, source[1], destination[1]):
            direction = "c2s" if destination[1] == PORT else "s2c" if source[1] == PORT else None
            name = f"{self._label} udp {named(source)} > {named(destination)}"
            self._datagrams.append(Chunk(name, octets, direction, timestamp, captured=True))

    def add_segment(self, source: Endpoint, destination: Endpoint, tcp: dpkt.tcp.TCP, timestamp: float) -> None:
        key = frozenset((source, destination))
        conversation = self._conversations.get(key)
        syn = bool(tcp.flags & dpkt.tcp.TH_SYN)
        answers = bool(tcp.flags & dpkt.tcp.TH_ACK)
        if conversation is None or (syn and not answers and conversation.has_data):
            if conversation is not None:
                self._finished.append(conversation)
            ends = (destination, source) if syn and answers else (source, destination)
            conversation = self._conversations[key] = Conversation(*ends)
        conversation.add(source, tcp.seq, bytes(tcp.data), timestamp, syn=syn)

    def chunks(self) -> list[Chunk]:
        chunks = list(self._datagrams)
        for conversation in (*self._finished, *self._conversations.values()):
            starts = conversation.starts(_LOOKED_AT) if conversation.has_data else []
            if any(_counts(start, *conversation.ports) for start in starts):
                chunks += conversation.chunks(self._label)
        chunks.sort(key=lambda chunk: chunk.timestamp or 0.0)
        return [Chunk(f"{self._label} serial", bytes(self.serial), captured=True), *chunks] if self.serial else chunks


def _packets(octets: bytes, label: str) -> Iterator[tuple[int, float, bytes]]:
    """Link type, time and octets of each packet; a file that is cut ends with its last whole packet."""
    file = io.BytesIO(octets)
    try:
        reader = dpkt.pcapng.Reader(file) if octets[:4] == _PCAPNG else dpkt.pcap.Reader(file)
        link = reader.datalink()
    except _DPKT_ERRORS as error:
        raise DecodeError(f"{label}: the head of the capture cannot be read: {error}", 0) from None
    if link not in _LINKS and link not in _RAW_IP and link not in _USER_LINKS:
        raise DecodeError(f"{label}: link type {link} is not known", 20)
    packets, read = iter(reader), 0
    while True:
        try:
            timestamp, packet = next(packets)
        except StopIteration:
            return
        except _DPKT_ERRORS as error:
            if read:  # the end is cut, as when a capture is copied while it runs
                return
            raise DecodeError(f"{label}: the first packet cannot be read: {error}", file.tell()) from None
        read += 1
        yield link, float(timestamp), bytes(packet)


def _take_apart(link: int, packet: bytes, timestamp: float, traffic: _Traffic) -> None:
    """Find TCP or UDP in a packet; anything else, fragments and packets cut short, is passed over."""
    try:
        if link in _RAW_IP:
            ip = dpkt.ip6.IP6(packet) if packet[:1] and packet[0] >> 4 == 6 else dpkt.ip.IP(packet)
        else:
            ip = _LINKS[link](packet).data
        if not isinstance(ip, (dpkt.ip.IP, dpkt.ip6.IP6)):
            return
        inner = ip.data
        source, destination = str(ip_address(ip.src)), str(ip_address(ip.dst))
        if isinstance(inner, dpkt.udp.UDP):
            traffic.add_datagram((source, inner.sport), (destination, inner.dport), bytes(inner.data), timestamp)
        elif isinstance(inner, dpkt.tcp.TCP):
            traffic.add_segment((source, inner.sport), (destination, inner.dport), inner, timestamp)
    except _DPKT_ERRORS:
        return


def _counts(octets: bytes, *ports: int) -> bool:
    """Whether these octets are DLMS, by port or by content."""
    if PORT in ports:
        return True
    try:
        decode_header(octets)
    except DecodeError:
        start = octets[:_LOOKED_AT]
        return any(proves_itself(start, at) for at in candidates(start, 0, len(start)))
    return True
