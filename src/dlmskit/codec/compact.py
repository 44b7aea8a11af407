"""compact-array (tag 19): one TypeDescription, then the contents of all elements without tags.

The length counts octets of contents; the number of elements is found by decoding until they are used up. A description
knows the octets of its elements where they are fixed, and the data inside one element always: a few octets cannot
announce millions of elements that take none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import msgspec

from dlmskit.codec.data_types import BY_NAME, DATA_TYPES, Tag
from dlmskit.codec.reader import read_bit_length, read_length, write_length
from dlmskit.errors import DecodeError, EncodeError

MOST_ELEMENTS_PER_OCTET = 8
"""Most elements, those without octets included, that one octet of a compact-array may stand for."""

_CONTAINERS = (Tag.ARRAY, Tag.STRUCTURE)


class TypeDescription(msgspec.Struct, frozen=True):
    """The type of the elements of a compact-array: a simple type, an array of fixed number, or a structure."""

    tag: int
    number: int = 0
    """Elements of an array; a structure and a simple type have none."""
    members: tuple[TypeDescription, ...] = ()
    """Types of the members of a structure; the one type of the elements of an array."""
    size: int | None = None
    """Octets of one element in the contents, None where lengths inside say it."""
    elements: int = 1
    """COSEM data in one element, itself included."""
    steps: tuple[int | TypeDescription, ...] = ()
    """How to pass over a structure: octets to leave out, and members that say their own length."""

    @classmethod
    def simple(cls, kind: str | int) -> Self:
        """A simple type by its tag or its name in the standard. Raises `EncodeError` for any other."""
        found = BY_NAME.get(kind) if isinstance(kind, str) else DATA_TYPES.get(kind)
        if found is None or found.tag in _CONTAINERS or found.tag == Tag.COMPACT_ARRAY:
            raise EncodeError(f"{kind!r} is no simple type of a compact-array")
        return cls(int(found.tag), size=found.size)

    @classmethod
    def array(cls, number: int, member: TypeDescription) -> Self:
        """Exactly ``number`` elements of one type."""
        if not 0 <= number <= 0xFFFF:
            raise EncodeError(f"{number} elements do not fit a type description")
        size = None if member.size is None else number * member.size
        return cls(Tag.ARRAY, number, (member,), 0 if number == 0 else size, 1 + number * member.elements)

    @classmethod
    def structure(cls, *members: TypeDescription) -> Self:
        """Members of these types, in order."""
        steps: list[int | TypeDescription] = []
        for member in members:
            if member.size is None:
                steps.append(member)
            elif steps and isinstance(steps[-1], int):
                steps[-1] += member.size
            else:
                steps.append(member.size)
        fixed = all(isinstance(step, int) for step in steps)
        size = sum(member.size or 0 for member in members) if fixed else None
        elements = 1 + sum(member.elements for member in members)
        return cls(Tag.STRUCTURE, 0, members, size, elements, tuple(steps))

    def encode(self) -> bytes:
        """Its octets, as they stand in front of the contents."""
        if self.tag == Tag.ARRAY:
            return b"\x01" + self.number.to_bytes(2, "big") + self.members[0].encode()
        if self.tag == Tag.STRUCTURE:
            return b"\x02" + write_length(len(self.members)) + b"".join(member.encode() for member in self.members)
        return bytes((self.tag,))

    def __repr__(self) -> str:
        if self.tag == Tag.ARRAY:
            return f"array[{self.number}]<{self.members[0]!r}>"
        if self.tag == Tag.STRUCTURE:
            return f"structure{{{','.join(map(repr, self.members))}}}"
        return DATA_TYPES[self.tag].name


_SIMPLE = {tag: TypeDescription.simple(tag) for tag in DATA_TYPES if tag not in _CONTAINERS and tag != Tag.COMPACT_ARRAY}
_ALL_SIMPLE = frozenset(_SIMPLE)


def read_description(octets: bytes, at: int, depth: int) -> tuple[TypeDescription, int]:
    """Read a TypeDescription of at most ``depth`` levels: (description, offset behind). Raises `DecodeError`."""
    if at >= len(octets):
        raise DecodeError("ends inside the type description", at)
    tag = octets[at]
    simple = _SIMPLE.get(tag)
    if simple is not None:
        return simple, at + 1
    if tag not in _CONTAINERS:
        raise DecodeError(f"tag {tag} is not possible in a type description", at)
    if depth <= 0:
        raise DecodeError("nesting too deep in the type description", at)
    if tag == Tag.ARRAY:
        if at + 3 > len(octets):
            raise DecodeError("ends inside the type description", at + 1)
        member, behind = read_description(octets, at + 3, depth - 1)
        return TypeDescription.array(int.from_bytes(octets[at + 1 : at + 3], "big"), member), behind
    count, at = read_length(octets, at + 1)
    if _ALL_SIMPLE.issuperset(octets[at : at + count]):
        return TypeDescription.structure(*map(_SIMPLE.__getitem__, octets[at : at + count])), at + count
    members = []
    for _ in range(count):
        member, at = read_description(octets, at, depth - 1)
        members.append(member)
    return TypeDescription.structure(*members), at


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
        count = 0
        cursor = start
        most = MOST_ELEMENTS_PER_OCTET * (end - at) // description.elements
        while cursor < end and count <= most:
            try:
                cursor = skip_contents(description, octets, cursor, end)
            except DecodeError as error:
                raise DecodeError(error.reason, error.offset, f"[{count}]{error.path}") from None
            count += 1
    elements = count * description.elements
    if elements > MOST_ELEMENTS_PER_OCTET * (end - at):
        raise DecodeError(f"compact-array: {elements} elements in {end - at} octets", start)
    return end, elements


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
    if description.tag not in _CONTAINERS:
        octets: bytes = encode_simple(description.tag, value)
        return octets
    if not isinstance(value, (tuple, list)):
        raise EncodeError(f"compact-array: {value!r:.60} for {description!r:.60}")
    items = tuple(value)
    members = description.members * description.number if description.tag == Tag.ARRAY else description.members
    if len(items) != len(members):
        raise EncodeError(f"compact-array: {len(items)} values for {len(members)} members of {description!r}")
    return b"".join(encode_contents(member, item, encode_simple) for member, item in zip(members, items, strict=True))
