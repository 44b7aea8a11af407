"""HDLC addresses (IEC 62056-46, 6.4.2): seven value bits per octet, bit 0 set in the last octet only.

A client address has one octet. A server address has 1 (upper), 2 or 4 octets (upper and lower part, logical and physical device).
Three octets do not exist. Push receivers meet all lengths in both places, so a frame does not tell the two kinds apart.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from dlmskit.errors import DecodeError, EncodeError

NO_STATION = 0
CALLING_1 = 0x7E
CALLING_2 = 0x3FFE
ALL_STATIONS_1 = 0x7F
"""One-octet part that addresses every station."""
ALL_STATIONS_2 = 0x3FFF
"""Two-octet part that addresses every station."""


class HdlcAddress(msgspec.Struct, frozen=True, gc=False):
    """An address as it stands in a frame: its parts, and the octets that they were read from."""

    upper: int
    """Logical device of a server, or the client SAP."""
    lower: int | None
    """Physical device; None in an address of one octet."""
    octets: bytes

    @property
    def is_all_stations(self) -> bool:
        """Whether the upper part addresses everybody."""
        return self.upper == (ALL_STATIONS_2 if len(self.octets) == 4 else ALL_STATIONS_1)

    @property
    def lower_is_all_stations(self) -> bool:
        """Whether the lower part addresses every physical device."""
        return self.lower == (ALL_STATIONS_2 if len(self.octets) == 4 else ALL_STATIONS_1)

    @property
    def is_no_station(self) -> bool:
        """Whether the upper part addresses nobody."""
        return self.upper == NO_STATION

    def matches(self, upper: int, lower: int | None) -> bool:
        """Whether a frame to this address is for the server with these parts (``lower`` None: it has none).

        An address of one octet leaves the physical part unchecked; the all-station values match everything.
        """
        if self.upper != upper and not self.is_all_stations:
            return False
        return self.lower is None or self.lower == lower or self.lower_is_all_stations

    def __str__(self) -> str:
        return f"{self.upper}" if self.lower is None else f"{self.upper}/{self.lower}"


def client_address(sap: int) -> HdlcAddress:
    """The address of a client, 0..127. Raises EncodeError."""
    return server_address(sap)


def server_address(upper: int, lower: int | None = None, length: int | None = None) -> HdlcAddress:
    """The address of a server; the shortest of 1, 2 or 4 octets that holds the parts unless ``length`` says which.

    Raises EncodeError for parts that do not fit.
    """
    if length is None:
        length = 1 if lower is None and upper <= 0x7F else 2 if max(upper, lower or 0) <= 0x7F else 4
    most = {1: 0x7F, 2: 0x7F, 4: 0x3FFF}.get(length)
    if most is None:
        raise EncodeError(f"an HDLC address has 1, 2 or 4 octets, not {length}")
    if (lower is None) != (length == 1):
        raise EncodeError(f"an HDLC address of {length} octet(s) has {'no' if length == 1 else 'a'} lower part")
    low = lower or 0
    if not (0 <= upper <= most and 0 <= low <= most):
        raise EncodeError(f"{upper}/{lower} does not fit an HDLC address of {length} octet(s)")
    parts = [upper] if length == 1 else [upper, low] if length == 2 else [upper >> 7, upper & 0x7F, low >> 7, low & 0x7F]
    octets = bytearray(part << 1 for part in parts)
    octets[-1] |= 1
    return HdlcAddress(upper, lower, bytes(octets))


@lru_cache(maxsize=4096)
def decode_address(octets: bytes) -> HdlcAddress:
    """Read exactly one address. Raises DecodeError for a length that does not exist or a wrong end bit."""
    if len(octets) not in {1, 2, 4}:
        raise DecodeError(f"an HDLC address has 1, 2 or 4 octets, not {len(octets)}", 0, "hdlc.address")
    if not octets[-1] & 1 or any(octet & 1 for octet in octets[:-1]):
        raise DecodeError("bit 0 is set in the last octet of an address and nowhere else", 0, "hdlc.address")
    parts = [octet >> 1 for octet in octets]
    if len(parts) == 4:
        return HdlcAddress(parts[0] << 7 | parts[1], parts[2] << 7 | parts[3], octets)
    return HdlcAddress(parts[0], parts[1] if len(parts) == 2 else None, octets)
