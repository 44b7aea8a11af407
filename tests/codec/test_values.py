"""The general decoder against the published vectors, and its behaviour on text that is none."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import DONT_CARE, Data, Delta
from dlmskit.codec.values import decode_value
from dlmskit.errors import DecodeError
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from tests.codec import strategies
from tests.vectors import load, parameters


def expected(decoded):
    """What the tree of a vector is in plain Python."""
    kind, value = decoded["type"], decoded["value"]
    if kind == "structure":
        return tuple(map(expected, value))
    if kind == "array":
        return list(map(expected, value))
    if kind == "compact-array":
        return [element_of(value["contents-description"], element) for element in value["elements"]]
    return simple(kind, value)


def simple(kind, value):
    makers: dict[str, Callable[[Any], Any]] = {
        "octet-string": bytes.fromhex,
        "bit-string": BitString,
        "date-time": lambda text: CosemDateTime(bytes.fromhex(text)),
        "date": lambda text: CosemDate(bytes.fromhex(text)),
        "time": lambda text: CosemTime(bytes.fromhex(text)),
        "dont-care": lambda _none: DONT_CARE,
    }
    return Delta(value) if kind.startswith("delta") else makers.get(kind, lambda plain: plain)(value)


def element_of(description, value):
    if description["type"] == "structure":
        return tuple(map(element_of, description["of"], value))
    if description["type"] == "array":
        return [element_of(description["of"], element) for element in value]
    return simple(description["type"], value)


@pytest.mark.parametrize("vector", parameters(load("apdu", kind="data")))
def test_vectors(vector):
    octets = bytes.fromhex(vector["hex"])
    value, end = decode_value(b"\x99" + octets + b"\x99", 1)
    assert (value, end) == (expected(vector["decoded"]), 1 + len(octets))
    assert repr(value) == repr(expected(vector["decoded"]))  # types too: True is not 1, a delta is no value
    assert Data.decode(octets).value == value


@pytest.mark.case("R-012")
@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("0a0341c342", b"\x41\xc3\x42"),  # over 7F
        ("0a024100", "A\x00"),
        ("0c03eda080", b"\xed\xa0\x80"),  # lone surrogate
        ("0c02c080", b"\xc0\x80"),  # overlong
        ("0c04f8888080", b"\xf8\x88\x80\x80"),
        ("0c01e2", b"\xe2"),
        ("0c0100", "\x00"),
    ],
)
def test_text_with_forbidden_octets_stays_octets(octets, value):
    item = Data.decode(bytes.fromhex(octets))
    assert item.value == value
    assert Data.of(item.tag, value) == item


@pytest.mark.case("R-012")
@given(st.sampled_from((10, 12)), st.binary(max_size=130))
def test_text_of_any_octets_is_written_back(tag, octets):
    item = Data.of(tag, octets)
    assert Data.of(tag, item.value) == item


@pytest.mark.case("R-011")
@pytest.mark.parametrize("octets", ["7fc00000", "7f800001", "ffc12345", "7f800000", "ff800000"])
def test_numbers_that_are_none_keep_their_bits(octets):
    item = Data.decode(b"\x17" + bytes.fromhex(octets))
    assert not math.isfinite(item.value)
    assert item.octets.hex() == "17" + octets


@given(st.binary(min_size=4, max_size=4))
def test_float32_is_what_the_octets_say(octets):
    value = Data.decode(b"\x17" + octets).value
    assert math.isnan(value) or struct.pack(">f", value) == octets


@given(strategies.data)
def test_decoding_and_encoding_is_the_identity(item):
    assert Data.decode(item.octets) == item
    assert strategies.rebuilt(item) == item


@given(st.binary(max_size=200))
def test_random_octets_raise_nothing_else(octets):
    try:
        _value, end = decode_value(octets)
    except DecodeError as error:
        where = (0 <= error.offset <= len(octets), error.path[:4])
    else:
        where = (0 < end <= len(octets), "data")
    assert where == (True, "data")
