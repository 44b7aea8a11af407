"""Wireless M-Bus frames (EN 13757-4), formats A and B, and the DLMS transport layer in them (EN 13757-3).

    format A   L C M M A(6) CRC | up to 16 octets CRC | ...          L counts what follows it, without the CRCs
    format B   L C M M A(6) ... CRC (| up to 126 octets CRC)          L counts what follows it, CRCs included; the first CRC ends
                                                                      at octet 128, or with the frame

M and A are the maker and address of the sender. Which format is used is told by the synchronisation of the radio, not by the
frame; here the check sequences tell. CI 60, 61, 7C and 7D carry one APDU behind a transport layer header and two SAPs.
"""

from __future__ import annotations

from enum import Enum
from itertools import pairwise

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.fcs import crc_en13757
from dlmskit.link.mbus import TransportHeader, manufacturer, manufacturer_octets

SND_NR = 0x44
"""A meter sends on its own, and asks for no answer."""
SND_IR, ACC_NR, ACC_DMD, RSP_UD, CNF_IR = 0x46, 0x47, 0x48, 0x08, 0x06
CI_TO_METER, CI_FROM_METER = (0x61, 0x60), (0x7D, 0x7C)
"""Behind a short, and behind a long transport layer header."""
_HEADER = 10
"""L, C, M and A."""
_BLOCK = 16
_FIRST_B = 126
"""Octets in front of the first CRC of format B, L included."""
_MOST = 0xFF


class WirelessFormat(Enum):
    """How the check sequences are spread."""

    A = "A"
    B = "B"


class WirelessFrame(msgspec.Struct, frozen=True, gc=False):
    """One frame without its check sequences."""

    control: int
    manufacturer: str
    """Three letters."""
    identification: str
    """Eight digits."""
    version: int
    device_type: int
    ci: int
    data: bytes
    """Everything behind CI."""

    def encode(self, form: WirelessFormat = WirelessFormat.A) -> bytes:
        """The frame as it is sent. Raises EncodeError for an address that cannot be, and for too long a frame."""
        if len(self.identification) != 8 or not self.identification.isascii() or not self.identification.isdecimal():
            raise EncodeError(f"an M-Bus identification has eight digits, not {self.identification!r}")
        address = bytes.fromhex(self.identification)[::-1] + bytes((self.version, self.device_type))
        body = bytes((self.control,)) + manufacturer_octets(self.manufacturer) + address + bytes((self.ci,)) + self.data
        return _with_checks_a(body) if form is WirelessFormat.A else _with_checks_b(body)


def frame_octets(octets: bytes, at: int, form: WirelessFormat) -> int:
    """Octets that a frame takes whose length field stands at ``at``; 0 where that is too small for a frame."""
    length = octets[at] if at < len(octets) else 0
    if length < _HEADER:
        return 0
    if form is WirelessFormat.B:
        return length + 1 if length >= _HEADER + 2 else 0
    return 1 + length + 2 * (1 + -(-(length + 1 - _HEADER) // _BLOCK))


def decode_wireless(octets: bytes, form: WirelessFormat | None = None) -> tuple[WirelessFrame, WirelessFormat]:
    """Read one frame and nothing else; without ``form`` in the format whose check sequences fit.

    Raises DecodeError for a wrong length or check sequence.
    """
    if form is None:
        try:
            return decode_wireless(octets, WirelessFormat.A)
        except DecodeError:
            return decode_wireless(octets, WirelessFormat.B)
    size = frame_octets(octets, 0, form)
    if not size or size != len(octets):
        raise DecodeError(f"the length field asks for {size} octets, there are {len(octets)}", 0, "wmbus.length")
    plain = b"".join(_checked(octets, *block) for block in _blocks(size, form))
    address = plain[4:10]
    frame = WirelessFrame(
        plain[1], manufacturer(plain[2:4]), address[3::-1].hex().upper(), address[4], address[5], plain[10], plain[11:]
    )
    return frame, form


def dlms_wireless(
    apdu: bytes,
    source: int,
    destination: int,
    header: TransportHeader,
    *,
    sender: WirelessFrame,
    to_meter: bool = False,
) -> WirelessFrame:
    """The frame that carries an APDU behind a transport layer header, long where ``header`` names a meter.

    ``sender`` gives control field and address. Raises EncodeError where the APDU is too long: what does not fit goes in general
    blocks.
    """
    octets = header.encode()
    long = bool(header.identification)
    ci = (CI_TO_METER if to_meter else CI_FROM_METER)[long]
    data = octets + bytes((source, destination)) + apdu
    if _HEADER + len(data) > _MOST:
        raise EncodeError(f"a wireless frame carries {_MOST - _HEADER - len(octets) - 2} octets of APDU here, not {len(apdu)}")
    return msgspec.structs.replace(sender, ci=ci, data=data)


def _with_checks_a(body: bytes) -> bytes:
    if len(body) > _MOST:
        raise EncodeError(f"a wireless frame has at most {_MOST} octets behind its length, not {len(body)}")
    plain = bytes((len(body),)) + body
    cuts = [0, *range(_HEADER, len(plain), _BLOCK), len(plain)]
    return b"".join(_with_check(plain[at:end]) for at, end in pairwise(cuts))


def _with_checks_b(body: bytes) -> bytes:
    length = len(body) + (2 if len(body) + 1 <= _FIRST_B else 4)
    if length > _MOST:
        raise EncodeError(f"a wireless frame has at most {_MOST} octets behind its length, not {length}")
    plain = bytes((length,)) + body
    return _with_check(plain[:_FIRST_B]) + (_with_check(plain[_FIRST_B:]) if len(plain) > _FIRST_B else b"")


def _with_check(block: bytes) -> bytes:
    return block + crc_en13757(block).to_bytes(2, "big")


def _blocks(size: int, form: WirelessFormat) -> list[tuple[int, int]]:
    """Where the blocks of a frame begin and end, their check sequences included."""
    if form is WirelessFormat.B:
        first = min(size, _FIRST_B + 2)
        return [(0, first)] + ([(first, size)] if size > first else [])
    ends = [_HEADER + 2]
    while ends[-1] < size:
        ends.append(min(ends[-1] + _BLOCK + 2, size))
    return list(pairwise([0, *ends]))


def _checked(octets: bytes, at: int, end: int) -> bytes:
    block, check = octets[at : end - 2], octets[end - 2 : end]
    if not block or crc_en13757(block).to_bytes(2, "big") != check:
        raise DecodeError("a check sequence is wrong", end - 2, "wmbus.crc")
    return block
