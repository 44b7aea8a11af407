"""Hypothesis strategies for COSEM data and profile buffers, and the general way as the measure of the fast one."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import strategies as st

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.data import DONT_CARE, Data
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.skip import check_whole
from dlmskit.codec.values import decode_value
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits

BOUNDS = {
    tag: (-(1 << 8 * struct.calcsize(kind.letter) - 1), (1 << 8 * struct.calcsize(kind.letter) - 1) - 1)
    if kind.letter.islower()
    else (0, (1 << 8 * struct.calcsize(kind.letter)) - 1)
    for tag, kind in DATA_TYPES.items()
    if kind.letter in tuple("bBhHiIqQ") and tag != Tag.BOOLEAN
}
"""The least and greatest value of every integer type."""


def values_of(tag: int) -> st.SearchStrategy[Any]:
    """Values that a simple type holds."""
    if tag in BOUNDS:
        return st.integers(*BOUNDS[tag])
    return {
        Tag.NULL_DATA: st.none(),
        Tag.DONT_CARE: st.just(DONT_CARE),
        Tag.BOOLEAN: st.booleans(),
        Tag.BIT_STRING: st.text("01", max_size=20),
        Tag.OCTET_STRING: st.binary(max_size=20) | st.binary(min_size=126, max_size=130),
        Tag.VISIBLE_STRING: st.text(st.characters(max_codepoint=127), max_size=12),
        Tag.UTF8_STRING: st.text(max_size=8),
        Tag.FLOAT32: st.floats(width=32, allow_nan=False),
        Tag.FLOAT64: st.floats(allow_nan=False),
        Tag.DATE_TIME: st.binary(min_size=12, max_size=12),
        Tag.DATE: st.binary(min_size=5, max_size=5),
        Tag.TIME: st.binary(min_size=4, max_size=4),
    }[Tag(tag)]


SIMPLE_TAGS = sorted(tag for tag in DATA_TYPES if tag not in {Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY})
simple_data = st.sampled_from(SIMPLE_TAGS).flatmap(lambda tag: values_of(tag).map(lambda value: Data.of(tag, value)))

descriptions = st.recursive(
    st.sampled_from(SIMPLE_TAGS).map(TypeDescription.simple),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4).map(lambda members: TypeDescription.structure(*members))
        | st.builds(TypeDescription.array, st.integers(0, 3), inner)
    ),
    max_leaves=6,
)


def contents_of(description: TypeDescription) -> st.SearchStrategy[Any]:
    """Values of the elements of a compact-array."""
    if description.tag == Tag.STRUCTURE:
        return st.tuples(*map(contents_of, description.members))
    if description.tag == Tag.ARRAY:
        return st.lists(contents_of(description.members[0]), min_size=description.number, max_size=description.number)
    return values_of(description.tag)


@st.composite
def compact_arrays(draw: st.DrawFn) -> Data:
    """Compact-arrays; none whose elements take no octets, which have no number of them."""
    description = draw(descriptions.filter(lambda kind: kind.size != 0 and kind.elements < 20))
    return Data.compact_array(description, draw(st.lists(contents_of(description), max_size=4)))


data = st.recursive(
    simple_data | compact_arrays(),
    lambda inner: st.lists(inner, max_size=4).map(Data.array) | st.lists(inner, max_size=4).map(Data.structure),
    max_leaves=12,
)
"""COSEM data of every type, in canonical form."""


@st.composite
def buffers(draw: st.DrawFn) -> bytes:
    """Profile buffers: few layouts in runs, or many in a jumble; some rows with nested or rare types."""
    shapes = draw(st.lists(st.lists(st.sampled_from(SIMPLE_TAGS), min_size=1, max_size=5), min_size=1, max_size=6))
    rows: list[Data] = []
    for _ in range(draw(st.integers(1, 12))):
        shape = draw(st.sampled_from(shapes))
        sizes = [draw(values_of(tag)) for tag in shape]
        row = Data.structure([Data.of(tag, value) for tag, value in zip(shape, sizes, strict=True)])
        rows += [row] * draw(st.integers(1, 30))
    if draw(st.booleans()):
        rows.insert(draw(st.integers(0, len(rows))), Data.structure([draw(data)]))
    return Data.array(rows).octets


@st.composite
def mutated(draw: st.DrawFn, source: st.SearchStrategy[bytes]) -> bytes:
    """Octets changed, left out, doubled or cut in a few places."""
    octets = bytearray(draw(source))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(len(octets) - 1, 0)))
        end = at + draw(st.integers(1, 40))
        match draw(st.sampled_from(["change", "leave", "double", "cut"])):
            case "change":
                octets[at : at + 1] = bytes((draw(st.integers(0, 255)),))
            case "leave":
                del octets[at:end]
            case "double":
                octets[at:at] = octets[at:end]
            case "cut":
                del octets[at:]
    return bytes(octets)


def rebuilt(item: Data) -> Data:
    """The same data, made anew from values by way of the constructors."""
    if item.tag == Tag.COMPACT_ARRAY:
        return Data.compact_array(item.description, item.value)
    if item.tag == Tag.ARRAY:
        return Data.array(map(rebuilt, item.elements()))
    if item.tag == Tag.STRUCTURE:
        return Data.structure(map(rebuilt, item.elements()))
    return Data.of(item.tag, item.value)


def outcome(octets: bytes, limits: Limits = DEFAULT) -> str:
    """What the walk and the general decoder make of octets: the value in text, or the refusal with offset and path."""
    try:
        check_whole(octets, limits)
        return repr(decode_value(octets, 0, limits)[0])
    except DecodeError as error:
        return f"refused: {error}"
