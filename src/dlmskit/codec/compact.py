"""TypeDescription: what stands in front of a compact-array (tag 19) and says the type of its elements.

A description knows the octets of its elements where they are fixed, and the data inside one element always. The
contents are read by `dlmskit.codec.contents`.
"""

from __future__ import annotations

from typing import Self

import msgspec

from dlmskit.codec.data_types import BY_NAME, DATA_TYPES, Tag
from dlmskit.codec.reader import read_length, write_length
from dlmskit.errors import DecodeError, EncodeError

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
