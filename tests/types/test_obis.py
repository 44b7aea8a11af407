"""OBIS codes: every way to write one, and what is refused."""

from __future__ import annotations

import contextlib
import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.types.obis import Obis

OCTETS = st.binary(min_size=6, max_size=6)


@pytest.mark.parametrize(
    "text",
    [
        "1.0.1.8.0.255",
        "1-0:1.8.0*255",
        "1-0:1.8.0&255",
        " 1.0.1.8.0.255 ",
        "0100010800FF",
        "0100010800ff",
        "1-0:1.8.0.255"[:9] + "*255",
    ],
)
def test_one_code_in_every_complete_form(text):
    assert Obis(text) == Obis(b"\x01\x00\x01\x08\x00\xff") == Obis.parse(text) == Obis.parse_reduced(text)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("1.8.0", "1.0.1.8.0.255"),
        ("1-0:1.8.0", "1.0.1.8.0.255"),
        ("1-0:1.8.0*05", "1.0.1.8.0.5"),
        ("0:1.8.2", "1.0.1.8.2.255"),
        ("0-1:24.2.1", "0.1.24.2.1.255"),
        ("1.8", "1.0.1.8.255.255"),
        ("1.8*12", "1.0.1.8.255.12"),
        ("1.8.0&12", "1.0.1.8.0.12"),
        ("0.0.0", "1.0.0.0.0.255"),
        ("C.1.0", "1.0.96.1.0.255"),
        ("0-0:C.1.0", "0.0.96.1.0.255"),
        ("F.F", "1.0.97.97.255.255"),
        ("L.1.0", "1.0.98.1.0.255"),
        ("P.01", "1.0.99.1.255.255"),
        ("7-0:3.0.0", "7.0.3.0.0.255"),
    ],
)
def test_reduced_forms_take_the_defaults(text, full):
    assert str(Obis.parse_reduced(text)) == full


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0.1.8.0", "1.0.1.8.0.256", "1.0.1.8.0.255.1", "a.b.c.d.e.f", "1.8.0", "-1.0.1.8.0.255", "1.0.1.8.0.1000",
     "0100010800F", "0100010800FF00", "1.0.1.8.0.٣", "1..1.8.0.255", "1-0:1.8.0*255*255", "C.1.0", "1.0.1.8.0.255\n1"],
)  # fmt: skip
def test_text_that_is_no_complete_code_is_refused_with_the_form_to_use(text):
    with pytest.raises(ConfigError, match="OBIS"):
        Obis(text)


@pytest.mark.parametrize("text", ["", "1", "1-0", "1.8.0.0", "300.8.0", "1-0:1.8.999", "X.1", "1.8.0**5", "999-0:1.8.0"])
def test_text_that_is_no_reduced_code_is_refused(text):
    with pytest.raises(ConfigError, match="OBIS"):
        Obis.parse_reduced(text)


@pytest.mark.parametrize("octets", [b"", b"\x01", bytes(5), bytes(7), bytes(1000)])
def test_other_than_six_octets_are_refused(octets):
    with pytest.raises(DecodeError, match="6 octets"):
        Obis(octets)


@pytest.mark.parametrize("code", [None, 5, 1.8, (1, 0, 1, 8, 0, 255)])
def test_other_kinds_are_refused_with_our_error(code):
    with pytest.raises(ConfigError, match="text or six octets"):
        Obis(code)


@given(OCTETS)
def test_text_forms_give_the_octets_back(octets):
    obis = Obis(octets)
    assert Obis(str(obis)) == Obis.parse_reduced(obis.reduced) == Obis(obis.octets.hex()) == obis
    assert eval(repr(obis)) == obis
    assert bytes(obis) == obis.octets == octets
    assert (obis.a, obis.b, obis.c, obis.d, obis.e, obis.f) == tuple(octets)


@given(st.text(max_size=30))
def test_any_text_is_a_code_or_a_config_error(text):
    with contextlib.suppress(ConfigError):
        assert len(Obis.parse_reduced(text).octets) == 6


@given(OCTETS, OCTETS)
def test_order_equality_and_hash_are_those_of_the_octets(first, second):
    one, two = Obis(first), Obis(second)
    assert (one < two, one <= two, one > two, one >= two, one == two) == (
        first < second, first <= second, first > second, first >= second, first == second)  # fmt: skip
    assert len({one, two, Obis(first)}) == len({first, second})


def test_a_code_equals_no_octets_and_no_text():
    obis = Obis("1.0.1.8.0.255")
    assert obis != obis.octets
    assert obis != str(obis)
    with pytest.raises(TypeError):
        _ = obis < b"\x02"  # type: ignore[operator]


def test_mutable_octets_are_copied():
    octets = bytearray(6)
    obis = Obis(octets)
    octets[0] = 9
    assert obis.octets == bytes(6)
    assert Obis(memoryview(bytes(6))) == obis == Obis(obis)


def test_a_code_is_frozen_and_can_be_copied():
    obis = Obis("1.0.1.8.0.255")
    with pytest.raises(AttributeError):
        obis.octets = b""  # type: ignore[misc]
    with pytest.raises(AttributeError):
        obis.note = ""  # type: ignore[attr-defined]
    assert copy.deepcopy(obis) == obis


@pytest.mark.parametrize(("code", "reduced"), [("1.0.1.8.0.255", "1-0:1.8.0"), ("1.0.1.8.0.5", "1-0:1.8.0*5")])
def test_reduced_form_shows_f_only_where_it_says_something(code, reduced):
    assert Obis(code).reduced == reduced
