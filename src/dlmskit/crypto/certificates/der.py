"""The little DER that `cryptography` does not give: writing what a key behind a handle signs, reading fields as they were sent.

Its builders sign with private keys of its own only, never with a token; and it shows a public key, not how it was encoded.
Parsing and judging a certificate remain its business; here are tags, lengths and octets.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from dlmskit.errors import DecodeError

SEQUENCE, SET, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06
BOOLEAN, UTC_TIME, GENERALIZED_TIME = 0x01, 0x17, 0x18
TRUE = b"\x01\x01\xff"


class Element(NamedTuple):
    """One tag, length and value as it stood in the input."""

    tag: int
    content: bytes
    octets: bytes
    """The whole of it."""


def read_element(octets: bytes) -> Element:
    """The one element that `octets` are. Raises `DecodeError` for anything else."""
    return read_elements(octets, 1)[0]


def read_elements(octets: bytes, most: int = 64) -> list[Element]:
    """The elements that follow one another in `octets`, without looking into them. Raises `DecodeError`."""
    found: list[Element] = []
    at = 0
    while at < len(octets):
        if len(found) == most:
            raise DecodeError(f"more than {most} elements", at)
        start, length, at = at, *_length(octets, at + 1)
        if length > len(octets) - at:
            raise DecodeError("an element is longer than what holds it", start)
        found.append(Element(octets[start], octets[at : at + length], octets[start : at + length]))
        at += length
    if not found:
        raise DecodeError("nothing where an element should be", 0)
    return found


def _length(octets: bytes, at: int) -> tuple[int, int]:
    """A definite length in its shortest form, and where the content begins."""
    if at >= len(octets):
        raise DecodeError("cut behind a tag", at)
    first = octets[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    content = octets[at + 1 : at + 1 + size]
    if not 0 < size <= 3 or len(content) != size:
        raise DecodeError("not a definite length", at)
    length = int.from_bytes(content)
    if length < 0x80 or content[0] == 0:
        raise DecodeError("a length not in its shortest form", at)
    return length, at + 1 + size


def element(tag: int, *contents: bytes) -> bytes:
    """Tag, length and the contents one after the other."""
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*contents: bytes) -> bytes:
    """SEQUENCE."""
    return element(SEQUENCE, *contents)


def integer(value: int) -> bytes:
    """INTEGER, not negative."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(OID, *(_base_128(arc) for arc in (40 * first + second, *rest)))


def bit_string(octets: bytes) -> bytes:
    """BIT STRING of whole octets."""
    return element(BIT_STRING, b"\x00", octets)


def time(moment: datetime) -> bytes:
    """Time of a certificate: UTCTime up to 2049, GeneralizedTime after (RFC 5280, 4.1.2.5)."""
    moment = moment.astimezone(UTC)
    text = f"{moment.year:04}{moment:%m%d%H%M%SZ}".encode()
    return element(UTC_TIME, text[2:]) if 1950 <= moment.year < 2050 else element(GENERALIZED_TIME, text)


def _base_128(arc: int) -> bytes:
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(0x80 | arc & 0x7F)
    return bytes(reversed(groups))
