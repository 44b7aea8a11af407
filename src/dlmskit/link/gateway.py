"""Gateway prefix (Green Book, gateway annex): addresses a device behind a gateway, outside any ciphering.

    E6 request, E7 response or push | network id | address length | physical device address | APDU

The prefix is not protected: who really speaks is told only by the system title inside a ciphered APDU. On HDLC the LLC header
also begins with E6: take that off first.
"""

from __future__ import annotations

import msgspec

from dlmskit.errors import DecodeError, EncodeError

REQUEST = 0xE6
RESPONSE = 0xE7
FIXED_OCTETS = 3
"""The prefix takes this much of the largest APDU, and the address."""


class GatewayPdu(msgspec.Struct, frozen=True, gc=False):
    """An APDU with the device that it is for, or from."""

    request: bool
    network_id: int
    address: bytes
    """In the form of the network behind: EUI-64, HDLC lower address, meter number in ASCII."""
    apdu: bytes

    def encode(self) -> bytes:
        """Prefix and APDU. Raises EncodeError for an empty or too long address and a network id outside 0..255."""
        if not 0 < len(self.address) <= 0xFF:
            raise EncodeError(f"a physical device address has 1..255 octets, not {len(self.address)}")
        if not 0 <= self.network_id <= 0xFF:
            raise EncodeError(f"a network id is 0..255, not {self.network_id}")
        tag = REQUEST if self.request else RESPONSE
        return bytes((tag, self.network_id, len(self.address))) + self.address + self.apdu


def decode_gateway(octets: bytes) -> GatewayPdu:
    """Read prefix and APDU. Raises DecodeError for a wrong first octet, an address of no octets, and missing octets."""
    if octets[:1] not in {b"\xe6", b"\xe7"}:
        raise DecodeError("a gateway prefix begins with E6 or E7", 0, "gateway")
    if len(octets) < FIXED_OCTETS:
        raise DecodeError(f"a gateway prefix has at least {FIXED_OCTETS} octets, {len(octets)} are left", 0, "gateway")
    length = octets[2]
    if not length:
        raise DecodeError("the physical device address has no octets", 2, "gateway.address")
    end = FIXED_OCTETS + length
    if end >= len(octets):
        raise DecodeError(f"address length {length} leaves no APDU in {len(octets)} octets", 2, "gateway.address")
    return GatewayPdu(octets[0] == REQUEST, octets[1], octets[FIXED_OCTETS:end], octets[end:])
