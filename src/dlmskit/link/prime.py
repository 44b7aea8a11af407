"""PRIME (ITU-T G.9904), convergence layer: LLC of IEC 61334-4-32, segmented and reassembled (SAR).

    SAR.TYPE 2 bits (0 first, 1 intermediate, 2 last) | 6 bits: in the first how many follow, else which it is | octets

Below it are the MAC layer and its ARQ, which a modem has; without ARQ a lost segment is a lost APDU.
"""

from __future__ import annotations

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Adaptation, Sdu
from dlmskit.link.llc432 import HEADER_OCTETS, decode_llc, encode_llc

SEGMENT_OCTETS = 254
"""What one MAC PDU carries behind the SAR header."""
MOST_SEGMENTS = 64
MAX_APDU_OCTETS = SEGMENT_OCTETS * MOST_SEGMENTS - HEADER_OCTETS
REASSEMBLY_SECONDS = 60.0
_FIRST, _INTERMEDIATE, _LAST = range(3)


class PrimeAdaptation(Adaptation):
    """One conversation over one connection of PRIME's MAC layer."""

    def __init__(self, segment_octets: int = SEGMENT_OCTETS) -> None:
        super().__init__()
        self._segment_octets = segment_octets
        self._parts: list[bytes] = []
        self._following = 0
        self._until: float | None = None

    @property
    def due(self) -> float | None:
        """When an unfinished APDU is given up."""
        return self._until

    def submit(self, sdu: Sdu, now: float) -> None:
        """Cut the LLC PDU into segments. Raises EncodeError for more than they carry."""
        octets, size = encode_llc(sdu), self._segment_octets
        if len(octets) > size * MOST_SEGMENTS:
            most = size * MOST_SEGMENTS - HEADER_OCTETS
            raise EncodeError(f"{MOST_SEGMENTS} segments carry {most} octets, not {len(sdu.apdu)}")
        parts = [octets[at : at + size] for at in range(0, len(octets), size)]
        self.frames.append(bytes((_FIRST << 6 | len(parts) - 1,)) + parts[0])
        for number, part in enumerate(parts[1:], 1):
            kind = _LAST if number == len(parts) - 1 else _INTERMEDIATE
            self.frames.append(bytes((kind << 6 | number,)) + part)

    def receive(self, frame: bytes, now: float) -> None:
        """Take one segment; one out of order ends the APDU."""
        kind, number, octets = (frame[0] >> 6, frame[0] & 0x3F, frame[1:]) if frame else (3, 0, b"")
        if kind == _FIRST and octets:
            self._drop()
            self._following = number
            self._until = now + REASSEMBLY_SECONDS
        elif not self._parts or not self._is_next(kind, number) or not octets:
            self._drop()
            self.discarded += 1
            return
        self._parts.append(octets)
        if len(self._parts) <= self._following:
            return
        whole, self._parts = b"".join(self._parts), []
        self._drop()
        try:
            self.arrived.append(decode_llc(whole))
        except DecodeError:
            self.discarded += 1

    def tick(self, now: float) -> None:
        """The rest did not come."""
        if self._until is not None and now >= self._until:
            self._drop()

    def _is_next(self, kind: int, number: int) -> bool:
        return number == len(self._parts) and kind == (_LAST if number == self._following else _INTERMEDIATE)

    def _drop(self) -> None:
        if self._parts:
            self.discarded += 1
        self._parts = []
        self._until = None
