"""Reading an AARQ as a server: unknown components are skipped and any order is taken, duplicates and wrong lengths are not.

Application layer, 3: the strictness of the codec would refuse an AARQ of a newer edition, its tolerance would let through one
that was cut.
"""

from __future__ import annotations

from dlmskit.apdu import Aarq, decode_apdu
from dlmskit.codec.reader import read_length
from dlmskit.errors import DecodeError
from dlmskit.limits import Limits


class DuplicateComponentError(DecodeError):
    """A component stands twice: neither may win, so this AARQ is refused and not merely dropped."""


def read_aarq(octets: bytes, limits: Limits) -> Aarq:
    """Decode an AARQ. Raises DecodeError for one that is cut or malformed, `DuplicateComponentError`."""
    if len(octets) > limits.associate_octets:
        raise DecodeError(f"an AARQ of {len(octets)} octets, at most {limits.associate_octets} are taken", 0, "Aarq")
    _check_components(octets)
    aarq = decode_apdu(octets, deviations=[], limits=limits)
    if not isinstance(aarq, Aarq):
        raise DecodeError("not an AARQ", 0, "Aarq")
    return aarq


def _check_components(octets: bytes) -> None:
    """Walk over the components: their lengths meet the end exactly, and no tag stands twice."""
    length, at = read_length(octets, 1, "Aarq")
    if at + length != len(octets):
        raise DecodeError(f"says {length}, {len(octets) - at} octets are left", 1, "Aarq")
    seen = set()
    while at < len(octets):
        tag, start = octets[at], at
        length, at = read_length(octets, at + 1, "Aarq")
        at += length
        if tag in seen:
            raise DuplicateComponentError(f"component {tag:02X} stands twice", start, "Aarq")
        seen.add(tag)
