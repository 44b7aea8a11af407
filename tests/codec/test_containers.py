"""Arrays, structures with named members, and choices."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.codec.notation import parse_kind
from dlmskit.errors import EncodeError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis

CAPTURE = parse_kind(
    "array<structure{class_id:long-unsigned,logical_name:logical-name,attribute_index:integer,data_index:long-unsigned}>"
)
CLOCK = Obis("0.0.1.0.0.255")
ROW = (8, CLOCK, 2, 0)


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        list(ROW),
        {"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute_index": 2, "data_index": 0},
        Data.structure([Data.long_unsigned(8), Data.octet_string(CLOCK), Data.integer(2), Data.long_unsigned(0)]),
    ],
)
def test_rows(row):
    data = CAPTURE.encode([row])
    assert data.octets.hex() == "0101" + "0204" + "120008" + "09060000010000ff" + "0f02" + "120000"
    (decoded,) = CAPTURE.decode(data)
    assert decoded == ROW
    assert (decoded.class_id, decoded.logical_name) == (8, CLOCK)
    assert CAPTURE.encode(CAPTURE.decode(data)) == data


def test_the_class_of_rows_is_made_once():
    first, second = CAPTURE.decode(CAPTURE.encode([ROW, ROW]))
    assert type(first) is type(second)


def test_names_that_python_keeps_for_itself():
    kind = parse_kind("structure{from:unsigned,class:unsigned,e-mail:unsigned,_x:unsigned}")
    decoded = kind.decode(kind.encode((1, 2, 3, 4)))
    assert (decoded.from_, decoded.class_, decoded.e_mail, decoded[3]) == (1, 2, 3, 4)
    assert kind.encode({"from": 1, "class": 2, "e-mail": 3, "_x": 4}) == kind.encode(decoded)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([(8, CLOCK, 2, 70000)], r"\[0\]: data_index: long-unsigned"),
        ([ROW, (8, CLOCK, 2)], r"\[1\]: structure: 3 values for 4 members"),
        ([{"class_id": 8}], "missing or unknown: attribute_index, data_index, logical_name"),
        ([{**dict(zip(("class_id", "logical_name", "attribute_index", "data_index"), ROW, strict=True)), "x": 1}], "unknown: x"),
        ([5], "neither a tuple nor a mapping"),
        ("text", "is no list"),
        (5, "is no list"),
        ({}, "is no list"),
        ([Data.structure([Data.long_unsigned(8)])], r"\[0\]: type unmatched: 1 members where 4 are declared"),
    ],
)
def test_refuses(value, message):
    with pytest.raises(EncodeError, match=message):
        CAPTURE.encode(value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Data.null(), "type unmatched: null-data where array"),
        (Data.array([Data.null()]), r"\[0\]: type unmatched: null-data where structure"),
        (Data.structure([]), "type unmatched: structure where array"),
        (
            Data.array([Data.structure([Data.unsigned(8), Data.octet_string(CLOCK), Data.integer(2), Data.long_unsigned(0)])]),
            r"\[0\]: class_id: type unmatched: unsigned where long-unsigned is declared",
        ),
    ],
)
def test_the_refusal_names_the_member(data, message):
    with pytest.raises(EncodeError, match=message):
        CAPTURE.check(data)
    assert not CAPTURE.matches(data)


def test_other_shapes_come_as_they_are():
    data = Data.structure([Data.unsigned(1)])
    assert CAPTURE.decode(data) == (1,)
    assert parse_kind("structure{scaler:integer,unit:enum}").decode(Data.null()) is None


def test_choices():
    kind = parse_kind("choice{null-data,array<integer>,structure{a:logical-name,b:enum},octet-string(date-time)}")
    for value, friendly in (
        (None, None),
        ([1, -1], [1, -1]),
        ((CLOCK, 3), (CLOCK, 3)),
        (bytes(12), CosemDateTime(bytes(12))),
    ):
        data = kind.encode(value)
        kind.check(data)
        assert kind.decode(data) == friendly
    assert kind.decode(kind.encode((CLOCK, 3))).a == CLOCK
    assert kind.default() == Data.null()
    for data in (Data.unsigned(5), Data.array([Data.unsigned(1)]), Data.octet_string(b"")):
        assert kind.decode(data) == data.value
        with pytest.raises(EncodeError, match="type unmatched"):
            kind.check(data)
    with pytest.raises(EncodeError, match="no alternative holds"):
        kind.encode("text")


def test_a_choice_takes_the_first_that_holds_and_data_as_given():
    kind = parse_kind("choice{double-long,long,octet-string}")
    assert kind.encode(5) == Data.double_long(5)
    assert kind.encode(Data.long(5)) == Data.long(5)
    with pytest.raises(EncodeError):
        kind.encode(Data.unsigned(5))


def test_nested_defaults():
    kind = parse_kind("structure{a:array<unsigned>,b:structure{c:boolean,d:visible-string},e:choice{long,null-data}}")
    assert kind.default() == kind.encode(([], (False, ""), 0))
