"""The messages of SCHC fragmentation (RFC 8724, 8.3) on media of whole octets: fragments, acknowledgements, requests and aborts.

    fragment   rule id 8 | window M | FCN N | tiles
    All-1      rule id 8 | window M | all ones | CRC-32 of the packet | last tile
    ACK        rule id 8 | window M | C 1 | bitmap (C = 0 only) | padding

No DTag: one packet at a time and direction, as RFC 9011 has it for LoRaWAN, where the MAC layer removes doubled frames.
"""

from __future__ import annotations

import zlib

import msgspec

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.link.schc.bits import BitReader, BitWriter

RCS_BITS = 32


class FragmentationRule(msgspec.Struct, frozen=True):
    """The numbers of one fragmentation rule. Raises ConfigError for numbers that do not fit together."""

    rule_id: int
    window_bits: int = 2
    """M; 0 for No-ACK."""
    fcn_bits: int = 6
    """N."""
    window_tiles: int = 63
    tile_octets: int = 10
    retransmission_seconds: float = 12.0
    inactivity_seconds: float = 300.0
    attempts: int = 8
    """MAX_ACK_REQUESTS."""

    def __post_init__(self) -> None:
        if not 0 < self.window_tiles <= self.all_1 or (self.window_bits + self.fcn_bits) % 8 or self.tile_octets < 1:
            raise ConfigError(f"SCHC rule {self.rule_id}: windows of {self.window_tiles} tiles do not fit its header")

    @property
    def acknowledged(self) -> bool:
        """ACK-on-Error; else No-ACK."""
        return self.window_bits > 0

    @property
    def all_1(self) -> int:
        """The FCN of the last fragment."""
        return (1 << self.fcn_bits) - 1

    @property
    def header_octets(self) -> int:
        """What a regular fragment has before its tiles."""
        return 1 + (self.window_bits + self.fcn_bits) // 8

    @property
    def most_octets(self) -> int:
        """The longest packet: what its windows can number, or for No-ACK what reassembly is bounded to."""
        return (self.window_tiles << self.window_bits) * self.tile_octets if self.acknowledged else 1500


LORAWAN_UPLINK = FragmentationRule(20)
"""RFC 9011, 5.6.2: ACK-on-Error, tiles of 10 octets, windows of 63."""
LORAWAN_DOWNLINK = FragmentationRule(23)
"""The same the other way. RFC 9011 has ACK-Always there, under rule 21; that is not built, so the number is another one."""


class Fragment(msgspec.Struct, frozen=True):
    """A fragment, an ACK request (FCN 0 without tiles) or a sender's abort (All-1 without a check)."""

    window: int
    fcn: int
    tiles: bytes = b""
    check: int | None = None

    def encode(self, rule: FragmentationRule) -> bytes:
        """Its octets."""
        bits = BitWriter()
        bits.write(rule.rule_id, 8)
        bits.write(self.window, rule.window_bits)
        bits.write(self.fcn, rule.fcn_bits)
        if self.check is not None:
            bits.write(self.check, RCS_BITS)
        bits.write_octets(self.tiles)
        return bits.finish()

    def is_abort(self, rule: FragmentationRule) -> bool:
        """Whether the sender gives up."""
        return self.fcn == rule.all_1 and self.check is None


def decode_fragment(octets: bytes, rule: FragmentationRule) -> Fragment:
    """Read what a sender says. Raises DecodeError."""
    reader = BitReader(octets)
    reader.read(8)
    window, fcn = reader.read(rule.window_bits), reader.read(rule.fcn_bits)
    check = reader.read(RCS_BITS) if fcn == rule.all_1 and reader.left >= RCS_BITS else None
    if fcn == rule.all_1 and check is None and reader.left:
        raise DecodeError("an All-1 fragment without its check", 1, "schc")
    if fcn != rule.all_1 and fcn >= rule.window_tiles:
        raise DecodeError(f"FCN {fcn} in windows of {rule.window_tiles} tiles", 1, "schc")
    return Fragment(window, fcn, reader.read_octets(), check)


class Ack(msgspec.Struct, frozen=True):
    """An acknowledgement: everything is there, or what of one window is."""

    window: int
    complete: bool
    received: tuple[bool, ...] = ()
    """For each tile of the window in the order of sending; the last place is that of the All-1 fragment in the last window."""

    def encode(self, rule: FragmentationRule) -> bytes:
        """Its octets. Ones at the end of the bitmap are left away as far as whole octets allow (RFC 8724, 8.3.2.1)."""
        bits = BitWriter()
        bits.write(rule.rule_id, 8)
        bits.write(self.window, rule.window_bits)
        bits.write(self.complete, 1)
        if self.complete:
            return bits.finish()
        size = len(self.received)
        while size and self.received[size - 1]:
            size -= 1
        while size < len(self.received) and (len(bits) + size) % 8:
            size += 1
        for received in self.received[:size]:
            bits.write(received, 1)
        return bits.finish()


ABORT_TAIL = b"\xff"
"""What a receiver's abort has behind an ACK of ones."""


def receiver_abort(rule: FragmentationRule) -> bytes:
    """The receiver gives up."""
    return bytes((rule.rule_id, 0xFF)) + ABORT_TAIL


def decode_ack(octets: bytes, rule: FragmentationRule) -> Ack | None:
    """Read what a receiver says; None for an abort. Raises DecodeError."""
    if octets == receiver_abort(rule):
        return None
    reader = BitReader(octets)
    reader.read(8)
    window, complete = reader.read(rule.window_bits), bool(reader.read(1))
    if complete:
        return Ack(window, complete)
    told = min(reader.left, rule.window_tiles)
    received = [bool(reader.read(1)) for _ in range(told)]
    return Ack(window, complete, tuple(received + [True] * (rule.window_tiles - told)))


def check_of(packet: bytes) -> int:
    """The reassembly check sequence: CRC-32 as Ethernet has it."""
    return zlib.crc32(packet)
