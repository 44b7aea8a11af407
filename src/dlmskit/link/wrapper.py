"""Wrapper of the TCP and UDP profiles (IEC 62056-4-7): an eight octet header in front of each APDU.

    version (00 01) | source wPort | destination wPort | length of the APDU        two octets each, big endian

Here are the header both ways, whole datagrams, and the deframer of a stream. Which wPorts exist, and what is done with
an APDU, is decided above; sockets and time limits are in `dlmskit.transport`.
"""

from __future__ import annotations

import struct

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import DEFAULT, Limits

PORT = 4059
"""Registered port of DLMS/COSEM, TCP and UDP."""
VERSION = 1
HEADER_OCTETS = 8
MAX_APDU_OCTETS = 0xFFFF

_HEADER = struct.Struct(">HHHH")


class WrapperPdu(msgspec.Struct, frozen=True, gc=False):
    """One wrapped APDU and the wPorts (SAPs) it goes between."""

    source: int
    destination: int
    apdu: bytes

    def encode(self) -> bytes:
        """Header and APDU. Raises EncodeError for a wPort or an APDU that the header cannot describe."""
        return encode_wrapper(self.source, self.destination, self.apdu)


def encode_wrapper(source: int, destination: int, apdu: bytes) -> bytes:
    """Header and APDU. Raises EncodeError for a wPort outside 0..65535 and for an APDU of 0 or more than 65535 octets."""
    if not 0 < len(apdu) <= MAX_APDU_OCTETS:
        raise EncodeError(f"the wrapper carries 1..{MAX_APDU_OCTETS} octets, not {len(apdu)}")
    try:
        return _HEADER.pack(VERSION, source, destination, len(apdu)) + apdu
    except struct.error:
        raise EncodeError(f"wPorts are 0..65535, not {source} and {destination}") from None


def decode_header(octets: bytes | bytearray, at: int = 0) -> tuple[int, int, int]:
    """Source wPort, destination wPort and APDU length of the header at ``at``.

    Raises DecodeError where octets are missing, and for a version or a length that no sender may use.
    """
    if len(octets) - at < HEADER_OCTETS:
        raise DecodeError(f"a wrapper header has {HEADER_OCTETS} octets, {len(octets) - at} are left", at, "wrapper")
    version, source, destination, length = _HEADER.unpack_from(octets, at)
    if version != VERSION:
        raise DecodeError(f"version is {version}, only {VERSION} is defined", at, "wrapper.version")
    if not length:
        raise DecodeError("length is 0", at + 6, "wrapper.length")
    return source, destination, length


def decode_datagram(octets: bytes, limits: Limits = DEFAULT) -> WrapperPdu:
    """The one wrapped APDU of a UDP datagram.

    Raises DecodeError for a wrong header, for octets missing or left over, and for wPort 0 (no station): drop the datagram.
    """
    source, destination, length = decode_header(octets)
    if length > limits.frame_octets:
        raise DecodeError(f"length {length} is over the limit of {limits.frame_octets}", 6, "wrapper.length")
    if length != len(octets) - HEADER_OCTETS:
        raise DecodeError(f"length says {length}, the datagram has {len(octets) - HEADER_OCTETS}", 6, "wrapper.length")
    if not source or not destination:
        raise DecodeError("wPort 0 is no station", 2, "wrapper.source" if not source else "wrapper.destination")
    return WrapperPdu(source, destination, octets[HEADER_OCTETS:])


class WrapperDeframer:
    """Cuts a stream into wrapped APDUs; the result does not depend on the pieces in which it arrives.

    Holds at most one unfinished PDU, and never more than was received of it. A PDU from or to wPort 0 (no station) is
    counted in ``discarded`` and skipped.
    """

    __slots__ = ("_buffer", "_limit", "_needed", "broken", "discarded")

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._buffer = bytearray()
        self._needed = HEADER_OCTETS
        self._limit = limits.frame_octets
        self.discarded = 0
        self.broken: DecodeError | None = None
        """Why the stream has lost its frame borders: a wrong version, length 0, or a length over ``Limits.frame_octets``
        (which counts the APDU, as the length field does). Close the stream then."""

    @property
    def pending(self) -> int:
        """Octets held of an unfinished PDU."""
        return len(self._buffer)

    def feed(self, octets: bytes) -> list[WrapperPdu]:
        """The PDUs that these octets complete, in order. Look at ``broken`` afterwards; once it is set, feed raises it."""
        if self.broken is not None:
            raise self.broken
        if self._buffer:
            self._buffer += octets
            if len(self._buffer) < self._needed:
                return []
            octets = bytes(self._buffer)
        pdus: list[WrapperPdu] = []
        try:
            at = self._cut(octets, pdus)
        except DecodeError as error:
            self.broken = error
            self._buffer.clear()
            return pdus
        self._buffer[:] = octets[at:]
        return pdus

    def _cut(self, octets: bytes, pdus: list[WrapperPdu]) -> int:
        at, end = 0, len(octets)
        while end - at >= HEADER_OCTETS:
            source, destination, length = decode_header(octets, at)
            if length > self._limit:
                raise DecodeError(f"length {length} is over the limit of {self._limit}", at + 6, "wrapper.length")
            after = at + HEADER_OCTETS + length
            if after > end:
                self._needed = after - at
                return at
            if source and destination:
                pdus.append(WrapperPdu(source, destination, octets[at + HEADER_OCTETS : after]))
            else:
                self.discarded += 1
            at = after
        self._needed = HEADER_OCTETS
        return at
