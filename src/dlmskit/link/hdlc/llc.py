"""The LLC sublayer (IEC 62056-46, clause 5): three octets in front of each APDU, in the first segment only."""

from __future__ import annotations

from dlmskit.errors import DecodeError

COMMAND = b"\xe6\xe6\x00"
"""Client to server."""
RESPONSE = b"\xe6\xe7\x00"
"""Server to client, pushes included."""
BROADCAST = b"\xff\xe6\x00"
"""Client to every server."""
HEADERS = (COMMAND, RESPONSE, BROADCAST)
HEADER_OCTETS = 3


def add_llc(apdu: bytes, *, from_client: bool, broadcast: bool = False) -> bytes:
    """The APDU with its header."""
    return (BROADCAST if broadcast else COMMAND if from_client else RESPONSE) + apdu


def split_llc(information: bytes) -> tuple[bytes, bytes]:
    """Header and APDU. Raises DecodeError when no header is there.

    A second, equal header is taken off with the first, since some meters send the AARE with two. No APDU begins like one: it
    would be a gateway prefix with an address of no octets.
    """
    header = information[:HEADER_OCTETS]
    if header not in HEADERS:
        raise DecodeError(f"{header.hex(' ').upper() or 'nothing'} is no LLC header", 0, "llc")
    apdu = information[HEADER_OCTETS:]
    if apdu[:HEADER_OCTETS] == header:
        apdu = apdu[HEADER_OCTETS:]
    return header, apdu
