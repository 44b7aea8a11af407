"""COSEM data octets to plain Python values: the general decoder, for any tree (Green Book `Data` CHOICE, A-XDR).

Branches stand in the order of frequency and no object is made per node. Structures become tuples, arrays and
compact-arrays lists, strings with octets that their type forbids stay bytes. On any doubt the slower walk of
`dlmskit.codec.skip` is asked: it refuses the same inputs and names offset and field.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.contents import WORTH_LEARNING, read_compact_array, skip_compact_array
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.layout import learn_contents
from dlmskit.codec.plain import CONVERTERS, DONT_CARE, utf8_string, visible_string
from dlmskit.codec.reader import read_bit_length, read_length
from dlmskit.codec.skip import DEEPEST, skip_data, unknown_tag
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.bits import BitString

Budget = list[int]
"""The elements that may still come, in a list of one so that all levels share it."""

_u32 = struct.Struct(">I").unpack_from


def decode_value(octets: bytes, at: int = 0, limits: Limits = DEFAULT, path: str = "") -> tuple[Any, int]:
    """Decode the COSEM data that starts at ``at``: (value, offset behind it).

    Raises `DecodeError` with offset and path for exactly the inputs that `skip_data` refuses.
    """
    try:
        values, end = decode_elements(octets, at, 1, min(limits.data_depth, DEEPEST), [limits.data_elements])
        if end <= len(octets):
            return values[0], end
    except (IndexError, struct.error, DecodeError):
        pass
    skip_data(octets, at, limits, path)
    raise DecodeError("cannot be decoded", at, path or "data")


def decode_elements(octets: bytes, at: int, count: int, depth: int, budget: Budget) -> tuple[list[Any], int]:
    """Decode ``count`` data one behind the other: (values, offset behind), inside `decode_value`.

    A cut is not always seen here: the caller has to compare the offset with the octets that there are.
    """
    values: list[Any] = []
    append = values.append
    for _ in range(count):
        tag = octets[at]
        if tag == 18:  # long-unsigned
            append(octets[at + 1] << 8 | octets[at + 2])
            at += 3
        elif tag == 2 or tag == 1:  # noqa: PLR1714 -- structure, array
            number = octets[at + 1]
            at += 2
            if number >= 0x80:
                number, at = read_length(octets, at - 1)
            left = budget[0] = budget[0] - number
            if left < 0 or depth <= 0 or number > len(octets) - at:
                raise DecodeError("too many or too deep", at)
            items, at = decode_elements(octets, at, number, depth - 1, budget)
            append(tuple(items) if tag == 2 else items)
        elif tag == 15:  # integer
            append((octets[at + 1] ^ 0x80) - 0x80)
            at += 2
        elif tag == 22 or tag == 17:  # noqa: PLR1714 -- enum, unsigned
            append(octets[at + 1])
            at += 2
        elif tag == 9:  # octet-string
            number = octets[at + 1]
            at += 2
            if number >= 0x80:
                number, at = read_length(octets, at - 1)
            append(octets[at : at + number])
            at += number
        elif tag == 6:  # double-long-unsigned
            append(_u32(octets, at + 1)[0])
            at += 5
        elif tag == 0:  # null-data
            append(None)
            at += 1
        else:
            value, at = _RARE[tag](octets, at + 1, depth, budget)
            append(value)
    return values, at


# --- The less frequent types: (octets, offset behind the tag, depth, budget) -> (value, offset behind) ----------------

_Rare = Callable[[bytes, int, int, Budget], tuple[Any, int]]


def _fixed(tag: int, letter: str) -> _Rare:
    layout = struct.Struct(">" + letter)
    size, unpack = layout.size, layout.unpack_from
    convert = CONVERTERS.get(tag)

    def plain(octets: bytes, at: int, _depth: int, _budget: Budget) -> tuple[Any, int]:
        return unpack(octets, at)[0], at + size

    def converted(octets: bytes, at: int, _depth: int, _budget: Budget) -> tuple[Any, int]:
        assert convert is not None  # noqa: S101 -- for the type checker: chosen below
        return convert(unpack(octets, at)[0]), at + size

    return converted if convert else plain


def _string(convert: Callable[[bytes], Any]) -> _Rare:
    def decode(octets: bytes, at: int, _depth: int, _budget: Budget) -> tuple[Any, int]:
        size, at = read_length(octets, at)
        return convert(octets[at : at + size]), at + size

    return decode


def _bit_string(octets: bytes, at: int, _depth: int, _budget: Budget) -> tuple[BitString, int]:
    bits, size, at = read_bit_length(octets, at)
    return BitString.from_octets(octets[at : at + size], bits), at + size


def _compact_array(octets: bytes, at: int, depth: int, budget: Budget) -> tuple[list[Any], int]:
    end, elements = skip_compact_array(octets, at, depth)
    budget[0] -= elements
    if budget[0] < 0:
        raise DecodeError("too many elements", at)
    parts = read_compact_array(octets, at, depth)
    return decode_contents(parts.description, octets, parts.start, parts.end), end


def _unknown(octets: bytes, at: int, _depth: int, _budget: Budget) -> tuple[Any, int]:
    raise unknown_tag(octets[at - 1], at - 1)


_RARE: list[_Rare] = [_unknown] * 256
for _tag, _kind in DATA_TYPES.items():
    if _kind.letter:
        _RARE[_tag] = _fixed(_tag, _kind.letter)
_RARE[Tag.OCTET_STRING] = _string(bytes)
_RARE[Tag.VISIBLE_STRING] = _string(visible_string)
_RARE[Tag.UTF8_STRING] = _string(utf8_string)
_RARE[Tag.BIT_STRING] = _bit_string
_RARE[Tag.COMPACT_ARRAY] = _compact_array
_RARE[Tag.NULL_DATA] = lambda _octets, at, _depth, _budget: (None, at)
_RARE[Tag.DONT_CARE] = lambda _octets, at, _depth, _budget: (DONT_CARE, at)


# --- Contents of a checked compact-array --------------------------------------------------------------------------------


def decode_contents(description: TypeDescription, octets: bytes, at: int, end: int) -> list[Any]:
    """The elements of a compact-array whose contents `skip_compact_array` has checked."""
    values: list[Any] = []
    steps = 0
    speculate = True
    while at < end:
        if speculate and end - at > WORTH_LEARNING:
            steps += 1
            layout = learn_contents(description, octets, at)
            speculate = layout is not None and (steps < 4 or len(values) >= 8 * steps)
            if layout is not None:
                found = layout.run(octets, at, (end - at) // layout.size)
                values += layout.make(octets, at, found)
                at += found * layout.size
                continue
        value, at = _content(description, octets, at)
        values.append(value)
    return values


def _content(description: TypeDescription, octets: bytes, at: int) -> tuple[Any, int]:
    tag = description.tag
    if tag == Tag.STRUCTURE:
        members: list[Any] = []
        for member in description.members:
            value, at = _content(member, octets, at)
            members.append(value)
        return tuple(members), at
    if tag == Tag.ARRAY:
        elements: list[Any] = []
        for _ in range(description.number):
            value, at = _content(description.members[0], octets, at)
            elements.append(value)
        return elements, at
    return _RARE[tag](octets, at, 0, [])
