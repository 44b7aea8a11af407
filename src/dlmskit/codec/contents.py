"""The contents of a compact-array (tag 19): elements of one described type, without tags.

The length counts octets of contents; the number of elements is found by decoding until they are used up. Elements that
take no octets are held against the octets there are: a few of these cannot stand for millions of elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from dlmskit.codec.compact import TypeDescription, read_description
from dlmskit.codec.data_types import Tag
from dlmskit.codec.layout import learn_contents
from dlmskit.codec.reader import read_bit_length, read_length, write_length
from dlmskit.errors import DecodeError, EncodeError

MOST_ELEMENTS_PER_OCTET = 8
"""Most elements, those without octets included, that one octet of a compact-array may stand for."""
WORTH_LEARNING = 128
"""Octets of contents from which on it is worth looking for elements of one layout."""


class CompactArray(msgspec.Struct, frozen=True):
    """The parts of a compact-array, lengths checked, contents not yet."""

    description: TypeDescription
    start: int
    """Offset of the contents."""
    end: int
    """Offset behind them."""


def read_compact_array(octets: bytes, at: int, depth: int) -> CompactArray:
    """Read description and length; ``at`` is the offset behind tag 19. Raises `DecodeError`."""
    description, behind = read_description(octets, at, depth - 1)
    length, start = read_length(octets, behind)
    if length and description.size == 0:
        raise DecodeError("compact-array contents not decodable: its elements take no octets", start)
    if length and description.size and length % description.size:
        raise DecodeError(f"compact-array contents: {length} octets are no multiple of {description.size}", start)
    return CompactArray(description, start, start + length)


def skip_compact_array(octets: bytes, at: int, depth: int) -> tuple[int, int]:
    """Check all elements of a compact-array; ``at`` is the offset behind tag 19: (offset behind, elements inside).

    ``depth`` counts the levels that are left, that of the compact-array included. Raises `DecodeError`.
    """
    if depth <= 0:
        raise DecodeError("nesting too deep", at - 1)
    parts = read_compact_array(octets, at, depth)
    description, start, end = parts.description, parts.start, parts.end
    if description.size is not None:
        count = (end - start) // description.size if description.size else 0
    else:
        most = MOST_ELEMENTS_PER_OCTET * (end - at) // description.elements
        count = _count_elements(description, octets, start, end, most)
    elements = count * description.elements
    if elements > MOST_ELEMENTS_PER_OCTET * (end - at):
        raise DecodeError(f"compact-array: {elements} elements in {end - at} octets", start)
    return end, elements


def _count_elements(description: TypeDescription, octets: bytes, at: int, end: int, most: int) -> int:
    """Check elements that say their own length and count them, until there are more than ``most``."""
    count = steps = 0
    speculate = True
    while at < end and count <= most:
        layout = None
        if speculate and end - at > WORTH_LEARNING:
            steps += 1
            layout = learn_contents(description, octets, at)
            speculate = layout is not None and (steps < 4 or count >= 8 * steps)
        found = layout.run(octets, at, (end - at) // layout.size) if layout else 0
        if layout and found:
            count += found
            at += found * layout.size
            continue
        try:
            at = skip_contents(description, octets, at, end)
        except DecodeError as error:
            raise error.within(f"[{count}]") from None
        count += 1
    return count


def skip_contents(description: TypeDescription, octets: bytes, at: int, end: int) -> int:
    """Pass over one element that has no fixed size; every such element takes one octet at least."""
    tag = description.tag
    if tag == 2:  # structure
        for step in description.steps:
            at = at + step if isinstance(step, int) else skip_contents(step, octets, at, end)
            if at > end:
                raise DecodeError("ends inside an element of the compact-array", end)
        return at
    if tag == 1:  # array
        if description.number > end - at:
            raise DecodeError(f"array of {description.number} elements, {end - at} octets are left", at)
        for _ in range(description.number):
            at = skip_contents(description.members[0], octets, at, end)
        return at
    if at >= end:
        raise DecodeError("ends inside an element of the compact-array", end)
    if tag == 4:  # bit-string
        _bits, size, behind = read_bit_length(octets, at)
    elif octets[at] < 0x80:
        size, behind = octets[at], at + 1
    else:
        size, behind = read_length(octets, at)
    if size > end - behind:
        raise DecodeError(f"says {size} octets, {max(end - behind, 0)} are left in the compact-array", at)
    return behind + size


def tagged_elements(octets: bytes, at: int) -> Iterator[bytes]:
    """Every element of a checked compact-array, as data with its tags; ``at`` is the offset behind tag 19."""
    parts = read_compact_array(octets, at, 1 << 16)
    cursor = parts.start
    while cursor < parts.end:
        written: list[bytes] = []
        cursor = _write_tagged(parts.description, octets, cursor, written)
        yield b"".join(written)


def _write_tagged(description: TypeDescription, octets: bytes, at: int, written: list[bytes]) -> int:
    tag = description.tag
    if tag == Tag.ARRAY:
        written.append(b"\x01" + write_length(description.number))
        for _ in range(description.number):
            at = _write_tagged(description.members[0], octets, at, written)
        return at
    if tag == Tag.STRUCTURE:
        written.append(b"\x02" + write_length(len(description.members)))
        for member in description.members:
            at = _write_tagged(member, octets, at, written)
        return at
    behind = at + description.size if description.size is not None else skip_contents(description, octets, at, len(octets))
    written.append(bytes((tag,)) + octets[at:behind])
    return behind


def encode_contents(description: TypeDescription, value: Any, encode_simple: Any) -> bytes:
    """One element without tags; ``encode_simple(tag, value)`` gives the octets of a simple value behind its tag."""
    if description.tag not in {Tag.ARRAY, Tag.STRUCTURE}:
        octets: bytes = encode_simple(description.tag, value)
        return octets
    if not isinstance(value, (tuple, list)):
        raise EncodeError(f"compact-array: {value!r:.60} for {description!r:.60}")
    items = tuple(value)
    members = description.members * description.number if description.tag == Tag.ARRAY else description.members
    if len(items) != len(members):
        raise EncodeError(f"compact-array: {len(items)} values for {len(members)} members of {description!r}")
    return b"".join(encode_contents(member, item, encode_simple) for member, item in zip(members, items, strict=True))
