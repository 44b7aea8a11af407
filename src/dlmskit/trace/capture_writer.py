"""Writes packet captures (pcap, pcapng) of exchanges: what went between two ends, in packets that other tools take apart.

Only the packets are made up: addresses are those of the documentation networks where no others are known, checksums are left
out. What a serial line carried goes under the link type USER0, as Wireshark and `dlmskit.trace.pcap` read it.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, BinaryIO

import dpkt

from dlmskit.errors import ConfigError
from dlmskit.link.wrapper import PORT, encode_wrapper

RAW_IP, USER0 = 101, 147
_MODULO = 1 << 32
_LARGEST_SEGMENT = 1400


@dataclass(frozen=True, slots=True)
class Ends:
    """Addresses of an exchange: who calls, and who is called."""

    client: str = "192.0.2.1"
    client_port: int = 50_000
    server: str = "192.0.2.7"
    server_port: int = PORT


class CaptureWriter:
    """One capture file. ``line`` makes it one of a serial line, which holds frames and no packets."""

    def __init__(self, file: BinaryIO, *, ng: bool = False, line: bool = False) -> None:
        made = dpkt.pcapng.Writer if ng else dpkt.pcap.Writer
        self._file = file
        self._line = line
        self._writer: Any = made(file, snaplen=262_144, linktype=USER0 if line else RAW_IP)
        self._sequences: dict[tuple[Ends, bool], int] = {}

    def frame(self, octets: bytes, timestamp: float) -> None:
        """A frame of a serial line."""
        if not self._line:
            raise ConfigError("this capture is one of packets, not of a line")
        self._write(octets, timestamp)

    def stream(self, octets: bytes, timestamp: float, *, from_client: bool, ends: Ends = Ends()) -> None:
        """Octets of a TCP connection; the handshake goes before the first of them."""
        if (ends, True) not in self._sequences:
            self._shake_hands(ends, timestamp)
        for at in range(0, len(octets), _LARGEST_SEGMENT):
            part = octets[at : at + _LARGEST_SEGMENT]
            self._segment(part, timestamp, dpkt.tcp.TH_ACK | dpkt.tcp.TH_PUSH, ends, from_client=from_client)

    def datagram(self, octets: bytes, timestamp: float, *, from_client: bool, ends: Ends = Ends()) -> None:
        """A UDP datagram."""
        source, destination = _ports(ends, from_client=from_client)
        udp = dpkt.udp.UDP(sport=source, dport=destination, ulen=8 + len(octets), data=octets)
        self._packet(udp, dpkt.ip.IP_PROTO_UDP, timestamp, ends, from_client=from_client)

    def apdu(self, apdu: bytes, timestamp: float, *, from_client: bool, client_sap: int, server_sap: int) -> None:
        """An APDU of any transport, as if the TCP wrapper had carried it."""
        saps = (client_sap, server_sap) if from_client else (server_sap, client_sap)
        self.stream(encode_wrapper(*saps, apdu), timestamp, from_client=from_client)

    def _shake_hands(self, ends: Ends, timestamp: float) -> None:
        self._sequences[ends, True] = self._sequences[ends, False] = 0
        self._segment(b"", timestamp, dpkt.tcp.TH_SYN, ends, from_client=True)
        self._segment(b"", timestamp, dpkt.tcp.TH_SYN | dpkt.tcp.TH_ACK, ends, from_client=False)
        self._segment(b"", timestamp, dpkt.tcp.TH_ACK, ends, from_client=True)

    def _segment(self, octets: bytes, timestamp: float, flags: int, ends: Ends, *, from_client: bool) -> None:
        source, destination = _ports(ends, from_client=from_client)
        sequence = self._sequences[ends, from_client]
        acknowledged = self._sequences[ends, not from_client] if flags & dpkt.tcp.TH_ACK else 0
        self._sequences[ends, from_client] = (sequence + len(octets) + bool(flags & dpkt.tcp.TH_SYN)) % _MODULO
        tcp = dpkt.tcp.TCP(sport=source, dport=destination, seq=sequence, ack=acknowledged, flags=flags, data=octets)
        self._packet(tcp, dpkt.ip.IP_PROTO_TCP, timestamp, ends, from_client=from_client)

    def _packet(self, inner: Any, protocol: int, timestamp: float, ends: Ends, *, from_client: bool) -> None:
        source, destination = (ends.client, ends.server) if from_client else (ends.server, ends.client)
        if ip_address(source).version == 6:
            made = dpkt.ip6.IP6(
                src=socket.inet_pton(socket.AF_INET6, source),
                dst=socket.inet_pton(socket.AF_INET6, destination),
                nxt=protocol, hlim=64, data=inner, plen=len(inner),
            )  # fmt: skip
        else:
            made = dpkt.ip.IP(src=ip_address(source).packed, dst=ip_address(destination).packed, p=protocol, data=inner)
            made.len = len(made)
        self._write(bytes(made), timestamp)

    def _write(self, octets: bytes, timestamp: float) -> None:
        self._writer.writepkt(octets, ts=timestamp)
        self._file.flush()


def _ports(ends: Ends, *, from_client: bool) -> tuple[int, int]:
    return (ends.client_port, ends.server_port) if from_client else (ends.server_port, ends.client_port)
