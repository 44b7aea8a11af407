"""The declaration language: what each word puts on the wire, what it refuses, and that runs of fixed fields are fused.

Octets are written by hand after the A-XDR rules (IEC 61334-6): lengths, flags of OPTIONAL and DEFAULT, counts, choices.
"""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from dlmskit.codec.compiler import layout_of
from dlmskit.codec.data import Data
from dlmskit.codec.schema import Sequence
from dlmskit.codec.walk import parts_of
from dlmskit.codec.wire import (
    Alternative,
    Bool,
    Choice,
    ConformanceBlock,
    DataValue,
    DateTimeString,
    DefaultTrue,
    EventTime,
    Fixed,
    Flagged,
    Integer8,
    LogicalName,
    Name,
    Octets,
    OctetString,
    OnlyIf,
    Rest,
    SequenceOf,
    SystemTitleOctets,
    Unsigned8,
    Unsigned16,
    Unsigned32,
)
from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import Limits
from dlmskit.types.conformance import Conformance

TIME = bytes.fromhex("07E50603040E091700FFC400")


class Inner(Sequence, frozen=True):
    number: Unsigned16
    name: LogicalName


class Numbers(Sequence, frozen=True):
    first: Unsigned8
    inner: Inner
    small: Integer8
    large: Unsigned32
    last: Bool


class Strings(Sequence, frozen=True):
    title: SystemTitleOctets
    text: Annotated[bytes, Octets(most=3)]
    time: DateTimeString


class Options(Sequence, frozen=True):
    number: Annotated[int | None, Flagged(Unsigned8)]
    inner: Annotated[Inner | None, Flagged(Inner)]
    allowed: Annotated[bool, DefaultTrue()]
    ending: Annotated[int | None, Flagged(Unsigned8, may_end=True)]


class Lists(Sequence, frozen=True):
    numbers: Annotated[tuple[int, ...], SequenceOf(Unsigned16, most=3)]
    inner: Annotated[tuple[Inner, ...], SequenceOf(Inner)]


class Choices(Sequence, frozen=True):
    one: Annotated[
        Data | int | bytes | Inner | None,
        Choice(
            (
                Alternative(0, "data", DataValue),
                Alternative(1, "number", Unsigned8),
                Alternative(5, "octets", OctetString),
                Alternative(6, "inner", Inner),
                Alternative(9, "nothing", None),
            )
        ),
    ]


class Rare(Sequence, frozen=True):
    time: Annotated[bytes | None, EventTime()]
    kind: Unsigned8
    detail: Annotated[int | None, OnlyIf("kind", 6, Unsigned16)]
    block: Annotated[int, ConformanceBlock(Conformance)]
    rest: Annotated[bytes, Rest()]


INNER = Inner(0x0102, b"ABCDEF")
INNER_HEX = "0102414243444546"

WRITTEN = [
    (Numbers(1, INNER, -2, 0x01020304, True), f"01 {INNER_HEX} FE 01020304 01"),
    (Numbers(1, INNER, -2, 0x01020304, False), f"01 {INNER_HEX} FE 01020304 00"),
    (Numbers(1, INNER, -2, 0x01020304, 0x55), f"01 {INNER_HEX} FE 01020304 55"),  # type: ignore[arg-type]
    (Strings(b"", b"", b""), "00 00 00"),
    (Strings(b"12345678", b"abc", TIME), f"08 3132333435363738 03 616263 0C {TIME.hex()}"),
    (Options(None, None, True, None), "00 00 00 00"),
    (Options(7, INNER, False, 9), f"01 07 01 {INNER_HEX} 01 00 01 09"),
    (Lists((), ()), "00 00"),
    (Lists((1, 2, 3), (INNER, INNER)), f"03 0001 0002 0003 02 {INNER_HEX} {INNER_HEX}"),
    (Choices(Data.unsigned(5)), "00 11 05"),
    (Choices(5), "01 05"),
    (Choices(b"ab"), "05 02 6162"),
    (Choices(INNER), f"06 {INNER_HEX}"),
    (Choices(None), "09"),
    (Rare(None, 1, None, 0x00501F, b""), "00 01 5F1F0400 00501F"),
    (Rare(TIME, 6, 0x0102, 0x00501F, b"xyz"), f"01 0C {TIME.hex()} 06 0102 5F1F0400 00501F 78797A"),
]


@pytest.mark.parametrize(("value", "written"), WRITTEN, ids=lambda one: one if isinstance(one, str) else type(one).__name__)
def test_each_word_both_ways(value: Sequence, written: str) -> None:
    octets = bytes.fromhex(written)
    assert value.encode() == octets
    assert type(value).decode(octets) == value


@pytest.mark.parametrize(
    ("declared", "octets", "path", "reason"),
    [
        (Numbers, "01", "inner.number", "ends early"),
        (Numbers, "01 0102 4142434445", "inner.name", "ends early: 6 octets expected, 5 left"),
        (Numbers, f"01 {INNER_HEX} FE 01020304 01 00", "Numbers", "trailing data: 1 octets"),
        (Strings, "07 31323334353637 00 00", "title", "only 0 or 8"),
        (Strings, "00 04 61626364 00", "text", "at most 3"),
        (Strings, "00 8101 61 00", "text", "shortest form"),
        (Strings, "00 03 6162", "text", "says 3, 2 octets are left"),
        (Strings, "00 00 05 0102030405", "time", "only 0 or 12"),
        (Options, "02 07 00 00 00", "number", "flag is 02"),
        (Options, "00 01 0102", "inner.name", "ends early"),
        (Options, "00 00 01 01 00", "allowed", "default value is written out"),
        (Options, "00 00 02 00 00", "allowed", "flag is 02"),
        (Options, "00 00 01", "allowed", "ends early"),
        (Options, "00 00 00", "ending", "ends before the flag"),
        (Lists, "04 0001 0002 0003 0004 00", "numbers", "at most 3"),
        (Lists, "00 84FFFFFFFF", "inner", "says 4294967295"),
        (Lists, f"00 02 {INNER_HEX} 0102", "inner[1].name", "ends early"),
        (Choices, "07", "one", "unknown choice 07"),
        (Choices, "00 07", "one.data", "unknown data tag 7"),
        (Choices, "", "one", "ends early"),
        (Rare, "02", "time", "flag is 02"),
        (Rare, "01 0B " + "00" * 11, "time", "only 12"),
        (Rare, "00 06 01", "detail", "ends early"),
        (Rare, "00 01 5F1F0401 00501F", "block", "not a conformance block"),
    ],
)
def test_each_refusal_names_the_field(declared: type[Sequence], octets: str, path: str, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason.replace("(", r"\(")) as refusal:
        declared.decode(bytes.fromhex(octets))
    assert refusal.value.path.startswith(path)
    assert 0 <= refusal.value.offset <= len(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("declared", "octets", "meant"),
    [
        (Options, "FF 07 00 00 00", Options(7, None, True, None)),
        (Options, "00 00 01 01 00", Options(None, None, True, None)),
        (Options, "00 00 00", Options(None, None, True, None)),
        (Strings, "00 00 09 0C" + TIME.hex(), Strings(b"", b"", TIME)),
        (Strings, "00 8101 61 00", Strings(b"", b"a", b"")),
        (Rare, f"0C {TIME.hex()} 01 5F1F0400 00501F", Rare(TIME, 1, None, 0x501F, b"")),
        (Rare, f"01 {TIME.hex()} 01 5F1F0400 00501F", Rare(TIME, 1, None, 0x501F, b"")),
        (Lists, "00 00 0000", Lists((), ())),
        (Lists, "00 00 FF", Lists((), ())),
    ],
)
def test_each_liberty_is_taken_only_with_tolerance(declared: type[Sequence], octets: str, meant: Sequence) -> None:
    with pytest.raises(DecodeError):
        declared.decode(bytes.fromhex(octets))
    deviations: list[str] = []
    assert declared.decode(bytes.fromhex(octets), deviations=deviations) == meant
    assert len(deviations) == 1


@pytest.mark.parametrize(
    "value",
    [
        Numbers(256, INNER, 0, 0, True),
        Numbers(-1, INNER, 0, 0, True),
        Numbers(1.5, INNER, 0, 0, True),  # type: ignore[arg-type]
        Numbers(1, None, 0, 0, True),  # type: ignore[arg-type]
        Numbers(1, Inner(1, b"ABCDE"), 0, 0, True),
        Numbers(1, Inner(1, b"ABCDEFG"), 0, 0, True),
        Numbers(1, INNER, 128, 0, True),
        Strings(b"1234567", b"", b""),
        Strings(b"", b"abcd", b""),
        Strings(b"", b"", TIME[:5]),
        Strings(b"", "ab", b""),  # type: ignore[arg-type]
        Options(300, None, True, None),
        Lists((70000,), ()),
        Lists((), (None,)),  # type: ignore[arg-type]
        Choices(1.5),  # type: ignore[arg-type]
        Choices(300),
        Rare(TIME[:5], 1, None, 0, b""),
        Rare(None, 6, None, 0, b""),
        Rare(None, 1, None, 1 << 24, b""),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused(value: Sequence) -> None:
    with pytest.raises(EncodeError):
        value.encode()


def test_runs_of_fixed_fields_are_one_unpack_and_one_pack() -> None:
    source = layout_of(Numbers).source
    assert source.count("(octets, at)") == 1
    assert len([line for line in source.splitlines() if "return" in line]) == 2
    assert layout_of(Numbers) is layout_of(Numbers)


def test_limits_reach_the_data() -> None:
    deep = bytes.fromhex("00") + b"\x02\x01" * 5 + b"\x00"
    assert Choices.decode(deep).encode() == deep
    with pytest.raises(DecodeError, match="nesting too deep"):
        Choices.decode(deep, limits=Limits(data_depth=4))


# --- Names ----------------------------------------------------------------------------------------------------------------


class Named(Sequence, frozen=True):
    plain_name: Unsigned8
    given: Annotated[int, Fixed("B"), Name("Simple", "stan-dard")]
    inside: Annotated[int, Fixed("B"), Name("Outer/Inner", "outer/inner")]
    without: Annotated[int, Fixed("B"), Name("", "")]
    alias: Annotated[Unsigned8, Name("Alias")]


def test_names_follow_from_the_field_where_none_are_given() -> None:
    names: list[Any] = [(part.simple, part.standard) for part in parts_of(Named)]
    assert names == [
        (("PlainName",), ("plain-name",)),
        (("Simple",), ("stan-dard",)),
        (("Outer", "Inner"), ("outer", "inner")),
        ((), ()),
        (("Alias",), ("alias",)),
    ]
