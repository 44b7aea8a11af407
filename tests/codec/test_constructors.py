"""One constructor per type: what it holds, what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import DONT_CARE, Data
from dlmskit.codec.data_types import BY_NAME, DATA_TYPES, Tag
from dlmskit.errors import EncodeError
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis
from tests.codec import strategies
from tests.vectors import load, parameters

MOMENT = bytes.fromhex("07e50603040e091700ffc400")
SIMPLE = [entry for entry in load("apdu", kind="data") if entry["decoded"]["type"] not in {"array", "structure", "compact-array"}]


def constructor(tag):
    name = DATA_TYPES[tag].name.replace("-", "_")
    return getattr(Data, {"null_data": "null"}.get(name, name))


@pytest.mark.parametrize("vector", parameters([entry for entry in SIMPLE if entry["hex"] != "03FF"]))
def test_vectors(vector):
    octets = bytes.fromhex(vector["hex"])
    item, kind = Data.decode(octets), vector["decoded"]["type"]
    assert Data.of(kind, item.value) == item
    if item.value is not None and item.value is not DONT_CARE:
        assert constructor(BY_NAME[kind].tag)(item.value) == item


@pytest.mark.case("R-011")
@pytest.mark.parametrize("tag", sorted(strategies.BOUNDS))
def test_integers_at_and_past_the_limits(tag):
    make, (least, most) = constructor(tag), strategies.BOUNDS[tag]
    for value in (least, most, 0):
        item = make(value)
        assert item.octets[0] == tag
        assert Data.decode(item.octets).value == value
    for wrong in (least - 1, most + 1, -(1 << 70), 1 << 70, True, False, 1.0, "1", b"1", None, [1]):
        with pytest.raises(EncodeError, match=DATA_TYPES[tag].name):
            make(wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("boolean", 1),
        ("boolean", None),
        ("null-data", 0),
        ("dont-care", None),
        ("octet-string", "text"),
        ("octet-string", 5),
        ("visible-string", "Zähler"),
        ("visible-string", 5),
        ("utf8-string", "\ud800"),
        ("bit-string", "012"),
        ("bit-string", 5),
        ("date-time", MOMENT[:11]),
        ("date", MOMENT),
        ("time", "12:00"),
        ("float32", 1e39),
        ("float32", "1"),
        ("float64", True),
        ("array", []),
        ("structure", []),
        ("compact-array", []),
        ("floating-point", 1.0),
    ],
)
def test_refuses(name, value):
    with pytest.raises(EncodeError):
        Data.of(name, value)


def test_types_of_ours_keep_their_octets():
    assert Data.octet_string(Obis("1.0.1.8.0.255")).octets.hex() == "09060100010800ff"
    assert Data.octet_string(CosemDateTime(MOMENT)).octets == b"\x09\x0c" + MOMENT
    assert Data.date_time(CosemDateTime(MOMENT)) == Data.date_time(MOMENT)
    assert Data.date(CosemDate(MOMENT[:5])).octets == b"\x1a" + MOMENT[:5]
    assert Data.time(CosemTime(MOMENT[5:9])).octets == b"\x1b" + MOMENT[5:9]
    assert Data.bit_string(BitString("101")) == Data.bit_string("101")
    assert Data.bit_string("101").octets == b"\x04\x03\xa0"
    assert Data.boolean(True).octets == b"\x03\x01"
    assert Data.dont_care().octets == b"\xff"


@given(st.sampled_from(strategies.SIMPLE_TAGS), st.data())
def test_every_simple_value(tag, draw):
    item = Data.of(tag, draw.draw(strategies.values_of(tag)))
    assert Data.decode(item.octets) == item
    assert item.tag == Tag(tag)
    assert Data.of(tag, item.value) == item
