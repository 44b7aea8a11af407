"""compact-array: descriptions, contents, and what it takes to refuse one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.compact import TypeDescription, read_description
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.errors import DecodeError, EncodeError
from tests.codec import strategies
from tests.vectors import load, parameters

UNSIGNED = TypeDescription.simple("unsigned")
VECTORS = [entry for entry in load("apdu", kind="data") if entry["name"].startswith("compact-array")]


def described(tree):
    if tree["type"] == "structure":
        return TypeDescription.structure(*map(described, tree["of"]))
    if tree["type"] == "array":
        return TypeDescription.array(tree["count"], described(tree["of"]))
    return TypeDescription.simple(tree["type"])


@pytest.mark.parametrize("vector", parameters(VECTORS))
def test_vectors(vector):
    item = Data.decode(bytes.fromhex(vector["hex"]))
    description = described(vector["decoded"]["value"]["contents-description"])
    assert item.description == description
    assert Data.compact_array(description, item.value) == item
    assert [element.value for element in item.elements()] == item.value


@given(strategies.descriptions)
def test_descriptions(description):
    octets = description.encode()
    assert read_description(octets, 0, 32) == (description, len(octets))
    for end in range(len(octets)):
        with pytest.raises(DecodeError):
            read_description(octets[:end], 0, 32)


@given(strategies.compact_arrays())
def test_elements_are_data_of_the_described_type(item):
    for element, value in zip(item.elements(), item.value, strict=True):
        assert Data.decode(element.octets).value == value
        assert Data.compact_array(item.description, [element.value]).value == [value]


@given(
    st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 255), st.text("ab", max_size=2), st.none()), max_size=80),
    st.integers(1, 40),
)
def test_many_elements_of_changing_lengths(rows, times):
    members = map(TypeDescription.simple, ("octet-string", "unsigned", "visible-string", "null-data"))
    rows = [row for row in rows for _ in range(times)]
    item = Data.compact_array(TypeDescription.structure(*members), rows)
    assert item.value == rows
    assert [element.value for element in item.elements()] == rows


@pytest.mark.parametrize("tag", sorted(set(DATA_TYPES) - {Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY}))
def test_every_simple_type_is_described_by_its_tag(tag):
    assert TypeDescription.simple(tag).encode() == bytes((tag,))


def test_delta_types_are_accepted_inside():
    item = Data.decode(bytes.fromhex("13 21 08 000000fa 0000012c"))
    assert repr(item.value) == "[Delta(250), Delta(300)]"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("13000100", "elements take no octets"),
        ("13020200ff0100", "elements take no octets"),
        ("13010000110100", "elements take no octets"),
        ("13131100", "tag 19 is not possible"),
        ("130700", "tag 7 is not possible"),
        ("1312030001ff", "no multiple of 2"),
        ("130903034142", "says 3 octets, 2 are left in the compact-array"),
        ("13040209ff", "says 9 bits, 1 octets are left"),
        ("130100020902" + "0141", "ends inside an element"),
        ("1301000209020001", "says 1 octets, 0 are left in the compact-array"),
        ("13" + "0201" * 40 + "1100", "nesting too deep"),
    ],
)
def test_refuses(octets, reason):
    with pytest.raises(DecodeError, match=reason):
        Data.decode(bytes.fromhex(octets))


def test_elements_without_octets_do_not_multiply():
    nulls = TypeDescription.simple("null-data")
    with pytest.raises(EncodeError, match="elements in"):
        Data.compact_array(TypeDescription.structure(UNSIGNED, TypeDescription.array(1000, nulls)), [(1, [None] * 1000)] * 9)
    modest = TypeDescription.structure(UNSIGNED, *[nulls] * 5)
    assert len(Data.compact_array(modest, [(1, *[None] * 5)] * 100).value) == 100


@pytest.mark.parametrize(
    ("description", "row"),
    [
        (TypeDescription.structure(UNSIGNED, UNSIGNED), (1,)),
        (TypeDescription.structure(UNSIGNED), 5),
        (TypeDescription.array(2, UNSIGNED), [1, 2, 3]),
        (UNSIGNED, 256),
        (UNSIGNED, None),
    ],
)
def test_rows_that_do_not_fit(description, row):
    with pytest.raises(EncodeError):
        Data.compact_array(description, [row])


@pytest.mark.parametrize("kind", ["array", "structure", "compact-array", "floating-point", 7])
def test_what_is_no_simple_type(kind):
    with pytest.raises(EncodeError):
        TypeDescription.simple(kind)


def test_printing():
    pair = TypeDescription.structure(UNSIGNED, TypeDescription.array(2, TypeDescription.simple("long")))
    assert repr(pair) == "structure{unsigned,array[2]<long>}"
