"""Rules of SCHC compression (RFC 8724, 7): what both ends know of each header field, and how the rest is sent.

Fields are named by the side they belong to, device (the meter) or application (the head end), so that one rule serves both
directions. A rule matches a packet when the operator of every one of its fields does.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.link.schc.bits import BitReader, BitWriter


class Field(StrEnum):
    """The header fields, in the order of the headers of a packet that the device sends, with their lengths in bits."""

    VERSION = "IPv6 version"
    TRAFFIC_CLASS = "IPv6 traffic class"
    FLOW_LABEL = "IPv6 flow label"
    IPV6_LENGTH = "IPv6 payload length"
    NEXT_HEADER = "IPv6 next header"
    HOP_LIMIT = "IPv6 hop limit"
    DEVICE_PREFIX = "IPv6 device prefix"
    DEVICE_IID = "IPv6 device interface identifier"
    APPLICATION_PREFIX = "IPv6 application prefix"
    APPLICATION_IID = "IPv6 application interface identifier"
    DEVICE_PORT = "UDP device port"
    APPLICATION_PORT = "UDP application port"
    UDP_LENGTH = "UDP length"
    UDP_CHECKSUM = "UDP checksum"
    WRAPPER_VERSION = "wrapper version"
    DEVICE_WPORT = "wrapper device wPort"
    APPLICATION_WPORT = "wrapper application wPort"
    WRAPPER_LENGTH = "wrapper length"


BITS: dict[Field, int] = dict(zip(Field, (4, 8, 20, 16, 8, 8, 64, 64, 64, 64, 16, 16, 16, 16, 16, 16, 16, 16), strict=True))
COMPUTED = frozenset((Field.IPV6_LENGTH, Field.UDP_LENGTH, Field.UDP_CHECKSUM, Field.WRAPPER_LENGTH))
"""What a receiver finds out by itself."""


class FieldRule(msgspec.Struct, frozen=True):
    """One field of a rule: its target value, how a packet's value is matched with it, and what is sent."""

    field: Field

    def matches(self, value: int) -> bool:
        """The matching operator."""
        raise NotImplementedError

    def write(self, value: int, to: BitWriter) -> None:
        """What the compression action sends."""
        raise NotImplementedError

    def read(self, residue: BitReader) -> int | None:
        """The value again; None for one that is computed in the end. Raises DecodeError."""
        raise NotImplementedError


class Known(FieldRule, frozen=True):
    """equal, not-sent."""

    value: int

    def matches(self, value: int) -> bool:
        """Only this value."""
        return value == self.value

    def write(self, value: int, to: BitWriter) -> None:
        """Nothing."""

    def read(self, residue: BitReader) -> int:
        """The value that both know."""
        return self.value


class Sent(FieldRule, frozen=True):
    """ignore, value-sent."""

    def matches(self, value: int) -> bool:
        """Any value."""
        return True

    def write(self, value: int, to: BitWriter) -> None:
        """All of it."""
        to.write(value, BITS[self.field])

    def read(self, residue: BitReader) -> int:
        """All of it."""
        return residue.read(BITS[self.field])


class Lower(FieldRule, frozen=True):
    """MSB(x), LSB: the upper bits are known, ``bits`` are sent."""

    value: int
    bits: int

    def matches(self, value: int) -> bool:
        """The upper bits are the same."""
        return value >> self.bits == self.value >> self.bits

    def write(self, value: int, to: BitWriter) -> None:
        """The lower bits."""
        to.write(value, self.bits)

    def read(self, residue: BitReader) -> int:
        """Both parts."""
        return self.value >> self.bits << self.bits | residue.read(self.bits)


class OneOf(FieldRule, frozen=True):
    """match-mapping, mapping-sent: a list that both know; the place in it is sent."""

    values: tuple[int, ...]

    @property
    def bits(self) -> int:
        """What a place takes."""
        return max(len(self.values) - 1, 1).bit_length()

    def matches(self, value: int) -> bool:
        """A value of the list."""
        return value in self.values

    def write(self, value: int, to: BitWriter) -> None:
        """Its place."""
        to.write(self.values.index(value), self.bits)

    def read(self, residue: BitReader) -> int:
        """What stands there."""
        place = residue.read(self.bits)
        if place >= len(self.values):
            raise DecodeError(f"place {place} of a list of {len(self.values)}", residue.at // 8, str(self.field))
        return self.values[place]


class Computed(FieldRule, frozen=True):
    """ignore, compute: lengths and checksum."""

    def matches(self, value: int) -> bool:
        """Any value: the packet has been verified."""
        return True

    def write(self, value: int, to: BitWriter) -> None:
        """Nothing."""

    def read(self, residue: BitReader) -> None:
        """Known when everything else is."""


class Rule(msgspec.Struct, frozen=True):
    """A compression rule. Raises ConfigError where a field is missing, doubled, or cannot be computed."""

    rule_id: int
    fields: tuple[FieldRule, ...]

    def __post_init__(self) -> None:
        named = [rule.field for rule in self.fields]
        if sorted(named) != sorted(Field):
            raise ConfigError(f"SCHC rule {self.rule_id}: every header field is described once")
        wrong = [rule.field for rule in self.fields if isinstance(rule, Computed) and rule.field not in COMPUTED]
        if wrong:
            raise ConfigError(f"SCHC rule {self.rule_id}: {wrong[0]} cannot be computed")
