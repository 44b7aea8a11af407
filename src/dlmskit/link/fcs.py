"""Check sequences of the link layers: FCS-16 of HDLC (ISO/IEC 13239 annex A), CRC of EN 13757-4, CRC-16/ARC of P1.

FCS-16 is a reflected CRC; `binascii.crc_hqx` computes the same polynomial unreflected. Octets are therefore mirrored with one
`bytes.translate` first, and the two octets of the result after.
"""

from __future__ import annotations

from binascii import crc_hqx

MIRRORED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Each octet with its bits in reverse order."""
MIRRORED_COMPLEMENT = bytes(octet ^ 0xFF for octet in MIRRORED)
START = 0xFFFF
RESIDUE = 0x1D0F
"""What stays in the mirrored register behind octets that end with their own FCS (F0B8 in the standard's bit order)."""


def fcs16(octets: bytes) -> bytes:
    """FCS-16 of the octets as two octets in the order of the line, the low one first."""
    return crc_hqx(octets.translate(MIRRORED), START).to_bytes(2, "big").translate(MIRRORED_COMPLEMENT)


def fcs16_ok(octets: bytes) -> bool:
    """Whether the octets end with their own FCS-16."""
    return crc_hqx(octets.translate(MIRRORED), START) == RESIDUE


def crc_en13757(octets: bytes) -> int:
    """CRC of the wireless M-Bus blocks: polynomial 3D65, sent most significant octet first."""
    register = 0
    for octet in octets:
        register = ((register << 8) ^ _EN13757[(register >> 8) ^ octet]) & 0xFFFF
    return register ^ 0xFFFF


def crc16_arc(octets: bytes) -> int:
    """CRC-16/ARC, written as four hexadecimal digits behind the ``!`` of a P1 telegram."""
    register = 0
    for octet in octets:
        register = (register >> 8) ^ _ARC[(register ^ octet) & 0xFF]
    return register


def _table(polynomial: int) -> tuple[int, ...]:
    table = []
    for octet in range(256):
        register = octet << 8
        for _ in range(8):
            register = (register << 1) ^ (polynomial if register & 0x8000 else 0)
        table.append(register & 0xFFFF)
    return tuple(table)


def _reflected_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for octet in range(256):
        register = octet
        for _ in range(8):
            register = (register >> 1) ^ (polynomial if register & 1 else 0)
        table.append(register)
    return tuple(table)


_EN13757 = _table(0x3D65)
_ARC = _reflected_table(0xA001)
