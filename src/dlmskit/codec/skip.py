"""Find the end of one COSEM data and check everything on the way (Green Book `Data` CHOICE, A-XDR).

No value is made. The walk keeps its own stack, so that nesting never meets the interpreter's recursion limit, and it
knows at every moment which field it is in: an error names offset and path, and nothing is spent on them before.
"""

from __future__ import annotations

from dlmskit.codec.contents import skip_compact_array
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.layouts import LayoutFinder
from dlmskit.codec.reader import read_bit_length, read_length
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits

DEEPEST = 256
"""No limit of the user goes deeper: the decoders that make values call themselves once per level."""

FIXED_SIZES: tuple[int, ...] = tuple(
    1 + size if (kind := DATA_TYPES.get(tag)) is not None and (size := kind.size) is not None else 0 for tag in range(256)
)
"""Octets of a data by its tag, the tag included; 0 where a length or count says it, and where the tag is unknown."""

_MANY = 16
"""Elements of an array from which on it is worth looking for rows of one layout."""
_Level = tuple[int, int]


def skip_data(octets: bytes, at: int = 0, limits: Limits = DEFAULT, path: str = "") -> int:
    """Return the offset behind the COSEM data that starts at ``at``.

    Raises `DecodeError` for a cut or unknown element, for nesting past ``limits.data_depth`` and for more than
    ``limits.data_elements`` elements; its path is ``path`` (or ``data``) and the indexes, as in ``data[3][1]``.
    """
    end = len(octets)
    deepest = min(limits.data_depth, DEEPEST)
    budget = limits.data_elements
    left, count = 1, 1  # elements to come at this level, of how many
    outer: list[_Level] = []
    try:
        while True:
            while left:
                left -= 1
                tag = octets[at]
                size = FIXED_SIZES[tag]
                if size:
                    if size > end - at:
                        raise DecodeError(f"ends early: {size - 1} octets expected, {end - at - 1} left", at + 1)
                    at += size
                elif tag in {9, 10, 12}:  # the strings; sets of constants are the fastest test
                    size, at = read_length(octets, at + 1)
                    at += size
                elif tag in {1, 2}:  # array, structure
                    if len(outer) >= deepest:
                        raise DecodeError(f"nesting too deep: at most {deepest} levels are allowed", at)
                    size, behind = read_length(octets, at + 1)
                    budget = spend(budget, size, at, limits)
                    at = behind
                    outer.append((left, count))
                    left = count = size
                    if size >= _MANY and tag == 1:
                        at, left, spent = _skip_runs(octets, at, size, deepest - len(outer), limits)
                        budget = spend(budget, spent, at, limits)
                else:
                    at, spent = _skip_rare(octets, at, deepest - len(outer))
                    budget = spend(budget, spent, at, limits)
            if not outer:
                return at
            left, count = outer.pop()
    except IndexError:
        raise DecodeError("ends before a tag", at, name(path, [*outer, (left, count)])) from None
    except DecodeError as error:
        raise error.within(name(path, [*outer, (left, count)])) from None


def _skip_runs(octets: bytes, at: int, count: int, depth: int, limits: Limits) -> tuple[int, int, int]:
    """Pass over the rows at the start of an array that come in runs of one layout: (offset, rows left, elements passed)."""
    finder = LayoutFinder(octets, at, depth, limits.profile_layouts)
    left, elements, steps = count, 0, 0
    while left and (steps < 4 or count - left >= 8 * steps):
        steps += 1
        layout, found = finder.find(at, left, count - left)
        if layout is None:
            break
        at += found * layout.size
        left -= found
        elements += found * layout.elements
    finder.finish(count - left)
    return at, left, elements


def check_whole(octets: bytes, limits: Limits = DEFAULT) -> None:
    """Check one data that takes all of ``octets``. Raises `DecodeError` as `skip_data` does, and for anything behind it."""
    end = skip_data(octets, 0, limits)
    if end != len(octets):
        raise DecodeError(f"trailing data: {len(octets) - end} octets behind the end", end)


def _skip_rare(octets: bytes, at: int, depth: int) -> tuple[int, int]:
    """Skip a bit-string or compact-array: (offset behind, elements inside)."""
    tag = octets[at]
    if tag == Tag.BIT_STRING:
        _bits, size, at = read_bit_length(octets, at + 1)
        return at + size, 0
    if tag == Tag.COMPACT_ARRAY:
        return skip_compact_array(octets, at + 1, depth)
    raise unknown_tag(tag, at)


def unknown_tag(tag: int, at: int) -> DecodeError:
    """The refusal of a tag; 7 (floating-point of old material) is refused like all that the standard does not name."""
    return DecodeError(f"unknown data tag {tag}", at)


def spend(budget: int, elements: int, at: int, limits: Limits) -> int:
    """What is left of the element budget. Raises `DecodeError` when it is used up."""
    if elements > budget:
        raise DecodeError(f"more than {limits.data_elements} elements", at)
    return budget - elements


def name(path: str, levels: list[_Level]) -> str:
    """The path of the element that each level is at; the first level is the data itself."""
    return (path or "data") + "".join(f"[{count - left - 1}]" for left, count in levels[1:])
