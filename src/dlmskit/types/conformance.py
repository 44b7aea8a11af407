"""The conformance block: the 24 services and features that client and server negotiate (Green Book, xDLMS InitiateRequest)."""

from __future__ import annotations

from enum import IntFlag
from typing import Self

from dlmskit.errors import DecodeError


class Conformance(IntFlag):
    """The block as a number of 24 bits: bit 0 of the standard is 0x800000, bit 23 is 0x000001."""

    RESERVED_ZERO = 0x800000
    GENERAL_PROTECTION = 0x400000
    GENERAL_BLOCK_TRANSFER = 0x200000
    READ = 0x100000
    WRITE = 0x080000
    UNCONFIRMED_WRITE = 0x040000
    DELTA_VALUE_ENCODING = 0x020000
    RESERVED_SEVEN = 0x010000
    ATTRIBUTE0_SUPPORTED_WITH_SET = 0x008000
    PRIORITY_MGMT_SUPPORTED = 0x004000
    ATTRIBUTE0_SUPPORTED_WITH_GET = 0x002000
    BLOCK_TRANSFER_WITH_GET_OR_READ = 0x001000
    BLOCK_TRANSFER_WITH_SET_OR_WRITE = 0x000800
    BLOCK_TRANSFER_WITH_ACTION = 0x000400
    MULTIPLE_REFERENCES = 0x000200
    INFORMATION_REPORT = 0x000100
    DATA_NOTIFICATION = 0x000080
    ACCESS = 0x000040
    PARAMETERIZED_ACCESS = 0x000020
    GET = 0x000010
    SET = 0x000008
    SELECTIVE_ACCESS = 0x000004
    EVENT_NOTIFICATION = 0x000002
    ACTION = 0x000001

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """The block from the three octets of its bit string; DecodeError for any other number of octets."""
        if len(octets) != 3:
            raise DecodeError(f"the conformance block has 3 octets, found {len(octets)}")
        return cls(int.from_bytes(octets))

    @property
    def octets(self) -> bytes:
        """The three octets of the bit string."""
        return (int(self) & 0xFFFFFF).to_bytes(3)

    @property
    def members(self) -> tuple[Conformance, ...]:
        """The single bits that are set, bit 0 first."""
        return tuple(bit for bit in Conformance if bit in self)

    @property
    def labels(self) -> tuple[str, ...]:
        """The standard's names of the bits that are set, ``block-transfer-with-action``, bit 0 first."""
        return tuple(_LABELS[bit] for bit in self.members)

    @property
    def simple_names(self) -> tuple[str, ...]:
        """The names of the simple XML style, ``BlockTransferWithAction``, bit 0 first."""
        return tuple(_SIMPLE[bit] for bit in self.members)

    @classmethod
    def named(cls, name: str) -> Conformance | None:
        """The bit with this name of either XML style, in any case; None where there is none."""
        return _BY_NAME.get(name.casefold())

    @property
    def usable_with_logical_names(self) -> bool:
        """Whether logical-name referencing can do anything at all with these services."""
        return bool(self & (Conformance.GET | Conformance.SET | Conformance.ACTION | Conformance.ACCESS))

    @property
    def usable_with_short_names(self) -> bool:
        """Whether short-name referencing can do anything at all with these services."""
        return bool(self & (Conformance.READ | Conformance.WRITE | Conformance.UNCONFIRMED_WRITE))


_LABELS: dict[Conformance, str] = {bit: str(bit.name).lower().replace("_", "-") for bit in Conformance}
_SIMPLE: dict[Conformance, str] = {bit: "".join(word.capitalize() for word in label.split("-")) for bit, label in _LABELS.items()}
_BY_NAME: dict[str, Conformance] = {
    "reserved0": Conformance.RESERVED_ZERO,
    "reserved7": Conformance.RESERVED_SEVEN,
    **{name.casefold(): bit for names in (_LABELS, _SIMPLE) for bit, name in names.items()},
}

BOTH_REFERENCINGS = (
    Conformance.GENERAL_PROTECTION
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.DELTA_VALUE_ENCODING
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.DATA_NOTIFICATION
)
"""Bits that have a meaning with logical names and with short names."""

LOGICAL_NAME_REFERENCING = (
    BOTH_REFERENCINGS
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET
    | Conformance.PRIORITY_MGMT_SUPPORTED
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.ACCESS
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACTION
)
"""Every bit that has a meaning with logical-name referencing."""

SHORT_NAME_REFERENCING = (
    BOTH_REFERENCINGS
    | Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.INFORMATION_REPORT
    | Conformance.PARAMETERIZED_ACCESS
)
"""Every bit that has a meaning with short-name referencing."""
