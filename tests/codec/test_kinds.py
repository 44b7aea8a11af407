"""Kinds that are one data each: strict when sending, tolerant when receiving."""

from __future__ import annotations

import datetime as dt

import pytest

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.data import Data
from dlmskit.codec.kinds import Enumeration, MomentKind
from dlmskit.codec.notation import parse_kind
from dlmskit.errors import EncodeError
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis

MOMENT = CosemDateTime.from_datetime(dt.datetime.fromisoformat("2021-06-03T14:00:00+01:00"))


@pytest.mark.parametrize(
    ("kind", "value", "octets", "friendly"),
    [
        ("unsigned", 5, "1105", 5),
        ("boolean", True, "0301", True),
        ("float32", 1.5, "173fc00000", 1.5),
        ("null-data", None, "00", None),
        ("bit-string(3)", "101", "0403a0", BitString("101")),
        ("octet-string(2)", b"ab", "09026162", b"ab"),
        ("visible-string(2)", "ab", "0a026162", "ab"),
        ("logical-name", "0.0.1.0.0.255", "09060000010000ff", Obis("0.0.1.0.0.255")),
        ("logical-name", Obis("0.0.1.0.0.255"), "09060000010000ff", Obis("0.0.1.0.0.255")),
        ("logical-name", bytes(6), "0906000000000000", Obis(bytes(6))),
        ("octet-string(date-time)", MOMENT, "090c" + MOMENT.octets.hex(), MOMENT),
        ("octet-string(date-time)", MOMENT.octets, "090c" + MOMENT.octets.hex(), MOMENT),
        ("octet-string(date-time)", MOMENT.to_datetime(), "090c" + MOMENT.octets.hex(), MOMENT),
        ("date-time", MOMENT, "19" + MOMENT.octets.hex(), MOMENT),
        ("octet-string(date)", dt.date(2021, 6, 3), "090507e5060304", CosemDate(bytes.fromhex("07e5060304"))),
        ("date", MOMENT.date, "1a07e5060304", MOMENT.date),
        ("octet-string(time)", dt.time(14), "09040e000000", CosemTime(bytes.fromhex("0e000000"))),
        ("time", MOMENT.time, "1b0e000000", MOMENT.time),
        ("enum{0=off,1=on}", "on", "1601", 1),
        ("enum{0=off,1=on}", 7, "1607", 7),
        ("enum", 3, "1603", 3),
        ("integer(0)", None, "0f00", 0),
        ("integer(0)", 1, "0f01", 1),
        ("any", None, "00", None),
        ("any", False, "0300", False),
        ("any", 0.5, "183fe0000000000000", 0.5),
        ("any", b"a", "090161", b"a"),
        ("any", "a", "0a0161", "a"),
        ("any", "ä", "0c02c3a4", "ä"),
        ("any", BitString("1"), "040180", BitString("1")),
        ("any", Data.long(-2), "10fffe", -2),
    ],
)
def test_values(kind, value, octets, friendly):
    kind = parse_kind(kind)
    data = kind.encode(value)
    assert data.octets.hex() == octets
    assert kind.decode(data) == friendly
    assert type(kind.decode(data)) is type(friendly)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("unsigned", 256),
        ("unsigned", True),
        ("unsigned", "5"),
        ("unsigned", Data.long(5)),
        ("octet-string(2)", b"abc"),
        ("bit-string(3)", "10"),
        ("logical-name", "0.0.1"),
        ("logical-name", bytes(5)),
        ("logical-name", 5),
        ("octet-string(date-time)", bytes(11)),
        ("octet-string(date-time)", "2021-06-03"),
        ("octet-string(date-time)", MOMENT.date),
        ("octet-string(date)", MOMENT),
        ("date-time", Data.octet_string(bytes(5))),
        ("enum{0=off,1=on}", "broken"),
        ("enum", 256),
        ("any", 5),
        ("any", [1]),
        ("compact-array", [1]),
        ("compact-array", Data.array([])),
        ("null-data", 0),
    ],
)
def test_refuses(kind, value):
    with pytest.raises(EncodeError):
        parse_kind(kind).encode(value)


@pytest.mark.parametrize(("name", "own", "size"), [("date-time", 25, 12), ("date", 26, 5), ("time", 27, 4)])
@pytest.mark.parametrize("text", ["octet-string({})", "{}"])
def test_moments_come_under_either_tag(name, own, size, text):
    kind = parse_kind(text.format(name))
    octets = bytes(size)
    values = {type(kind.decode(data)) for data in (Data.octet_string(octets), Data.of(own, octets))}
    assert isinstance(kind, MomentKind)
    assert values == {kind.moment}
    for data in (Data.octet_string(octets), Data.of(own, octets)):
        kind.check(data)
        assert kind.encode(data) is data
    with pytest.raises(EncodeError, match="type unmatched: octet-string where"):
        kind.check(Data.octet_string(octets + b"\x00"))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("unsigned", Data.long64(5)),
        ("octet-string(date-time)", Data.octet_string(b"")),
        ("logical-name", Data.octet_string(b"abc")),
        ("enum{0=off}", Data.unsigned(5)),
        ("visible-string", Data.octet_string(b"abc")),
    ],
)
def test_another_type_comes_as_its_plain_value(kind, data):
    assert parse_kind(kind).decode(data) == data.value
    with pytest.raises(EncodeError, match="type unmatched"):
        parse_kind(kind).check(data)


def test_a_method_without_parameter_takes_anything():
    for data in (Data.null(), Data.unsigned(7), Data.integer(0)):
        parse_kind("integer(0)").check(data)


def test_labels():
    kind = parse_kind("enum{0=off,1=on}")
    assert isinstance(kind, Enumeration)
    assert (kind.label(1), kind.label(7)) == ("on", "unknown(7)")


def test_compact_array():
    data = Data.compact_array(TypeDescription.simple("unsigned"), [1, 2])
    kind = parse_kind("compact-array")
    kind.check(data)
    assert kind.decode(data) == [1, 2]
