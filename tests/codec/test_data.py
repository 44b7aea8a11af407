"""Data keeps its octets: one-octet changes, elements, containers, equality, printing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import Limits
from tests.codec import strategies
from tests.vectors import load, parameters


@pytest.mark.case("R-006")
@pytest.mark.parametrize("vector", parameters(load("apdu", kind="data")))
def test_one_octet_changed_is_refused_or_another_value(vector):
    octets = bytes.fromhex(vector["hex"])
    before = Data.decode(octets)
    for at in (*range(min(len(octets), 40)), len(octets) - 1):
        for octet in set(range(256)) - {octets[at]}:
            changed = octets[:at] + bytes((octet,)) + octets[at + 1 :]
            try:
                item = Data.decode(changed)
            except DecodeError:
                continue
            assert item.octets == changed
            assert item != before
            repr(item.value)


@pytest.mark.case("R-006")
def test_a_boolean_keeps_its_octet():
    true, other = Data.decode(b"\x03\x01"), Data.decode(b"\x03\xff")
    assert (true.value, other.value) == (True, True)
    assert true != other
    assert Data.structure([other]).octets == b"\x02\x01\x03\xff"


@given(strategies.mutated(strategies.data.map(lambda item: item.octets)))
def test_what_is_accepted_is_its_own_encoding(octets):
    try:
        item = Data.decode(octets)
    except DecodeError:
        return
    assert item.octets == octets
    if item.tag in {Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY}:
        assert [element.value for element in item.elements()] == list(item.value)
        assert b"".join(element.octets for element in item.elements()) in octets or item.tag == Tag.COMPACT_ARRAY


def test_a_longer_spelling_is_kept():
    vector = Data.decode(bytes.fromhex("0982000401020304"))
    assert vector.value == b"\x01\x02\x03\x04"
    assert vector != Data.octet_string(b"\x01\x02\x03\x04")


def test_values_are_frozen_and_hashable():
    item = Data.unsigned(5)
    assert {item: 1}[Data.decode(b"\x11\x05")] == 1
    with pytest.raises(AttributeError):
        setattr(item, "octets", b"")  # noqa: B010 -- what the type forbids is tried


@pytest.mark.parametrize("tag", sorted(DATA_TYPES))
def test_every_tag_has_its_type(tag):
    item = Data(bytes((tag,)) + bytes(20))
    assert (item.tag, item.type) == (Tag(tag), DATA_TYPES[tag])


def test_printing_is_short_and_never_fails():
    assert repr(Data.null()) == "Data(null-data)"
    assert repr(Data.long_unsigned(0x1234)) == "Data(long-unsigned 1234)"
    assert len(repr(Data.octet_string(bytes(5000)))) < 100
    assert repr(Data(b"")) == "Data(invalid)"
    assert repr(Data(b"\x07\x01")) == "Data(invalid 01)"


def test_simple_data_have_no_elements():
    with pytest.raises(DecodeError, match="unsigned has no elements"):
        Data.unsigned(1).elements()
    with pytest.raises(DecodeError, match="unsigned has no type description"):
        _ = Data.unsigned(1).description


def test_limits_of_the_caller_hold_once():
    deep = b"\x02\x01" * 100 + b"\x00"
    with pytest.raises(DecodeError, match="nesting too deep"):
        Data.decode(deep)
    item = Data.decode(deep, Limits(data_depth=100))
    assert item.elements()[0].octets == deep[2:]
    assert type(item.value) is tuple


@given(st.lists(strategies.data, max_size=20))
def test_containers(items):
    for make, kind in ((Data.array, list), (Data.structure, tuple)):
        container = make(items)
        assert Data.decode(container.octets, Limits(data_depth=100)) == container
        assert container.elements() == tuple(items)
        assert type(container.value) is kind


def test_compact_array_of_elements_without_octets():
    empty = TypeDescription.structure(TypeDescription.simple("null-data"))
    assert Data.compact_array(empty, []).value == []
    with pytest.raises(EncodeError, match="no octets"):
        Data.compact_array(empty, [(None,)])
