"""Lengths and counts of A-XDR (IEC 61334-6): one octet up to 7F, else 80+n and n octets, most significant first.

Every length is compared with the octets left before anything is allocated or looped over. Longer spellings than needed
are seen in the field and accepted here (COSEM data keep their own octets); the strict readers refuse them.
"""

from __future__ import annotations

from dlmskit.errors import DecodeError, EncodeError

_MOST_LENGTH_OCTETS = 4


def read_length(octets: bytes, at: int, path: str = "") -> tuple[int, int]:
    """Read a length in octets, or a count of elements that take at least one octet each: (number, offset behind).

    Raises `DecodeError` where the field is cut, has more than four octets, or says more than is left.
    """
    length, behind = _read_number(octets, at, path)
    if length > len(octets) - behind:
        raise DecodeError(f"says {length}, {len(octets) - behind} octets are left", at, path)
    return length, behind


def read_length_strict(octets: bytes, at: int, path: str = "") -> tuple[int, int]:
    """As `read_length`, and refuses a length that is not in its shortest form."""
    length, behind = read_length(octets, at, path)
    if behind - at != length_size(length):
        raise DecodeError("length is not in its shortest form", at, path)
    return length, behind


def read_bit_length(octets: bytes, at: int, path: str = "") -> tuple[int, int, int]:
    """Read the length of a bit string: (bits, octets they take, offset behind); no more octets than are left."""
    bits, behind = _read_number(octets, at, path)
    size = (bits + 7) >> 3
    if size > len(octets) - behind:
        raise DecodeError(f"says {bits} bits, {len(octets) - behind} octets are left", at, path)
    return bits, size, behind


def _read_number(octets: bytes, at: int, path: str) -> tuple[int, int]:
    if at >= len(octets):
        raise DecodeError("ends before a length", at, path)
    first = octets[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if not 1 <= size <= _MOST_LENGTH_OCTETS:
        raise DecodeError(f"length of {size} octets: 1 to {_MOST_LENGTH_OCTETS} are possible", at, path)
    behind = at + 1 + size
    if behind > len(octets):
        raise DecodeError("ends inside a length", at, path)
    return int.from_bytes(octets[at + 1 : behind], "big"), behind


def length_size(length: int) -> int:
    """Octets that the shortest form of this length takes."""
    return 1 if length < 0x80 else 1 + ((length.bit_length() + 7) >> 3)


def write_length(length: int) -> bytes:
    """A length or count in its shortest form. Raises `EncodeError` past four length octets."""
    if 0 <= length < 0x80:
        return bytes((length,))
    size = length_size(length) - 1
    if length < 0 or size > _MOST_LENGTH_OCTETS:
        raise EncodeError(f"{length} is no possible length")
    return bytes((0x80 | size,)) + length.to_bytes(size, "big")
