"""LLC of IEC 61334-4-32, connectionless: what S-FSK and PRIME have between their own layers and the APDU.

control 90 (data, unacknowledged) | destination L-SAP | source L-SAP | APDU
"""

from __future__ import annotations

from dlmskit.errors import DecodeError
from dlmskit.link.adaptation import Sdu, check_sap

DATA = 0x90
HEADER_OCTETS = 3


def encode_llc(sdu: Sdu) -> bytes:
    """LLC PDU of an SDU. Raises EncodeError for SAPs above one octet."""
    check_sap(sdu, 0xFF)
    return bytes((DATA, sdu.destination, sdu.source)) + sdu.apdu


def decode_llc(octets: bytes) -> Sdu:
    """SDU of an LLC PDU. Raises DecodeError for other services, and for one without an APDU."""
    if len(octets) <= HEADER_OCTETS:
        raise DecodeError(f"an LLC PDU has {HEADER_OCTETS} octets and an APDU, {len(octets)} are there", 0, "llc")
    if octets[0] != DATA:
        raise DecodeError(f"control {octets[0]:02X} is no data request", 0, "llc.control")
    return Sdu(octets[2], octets[1], octets[HEADER_OCTETS:])
