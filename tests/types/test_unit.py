"""Units, compared with a foreign table; scaling, compared with exact fractions."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from gurux_dlms.enums import Unit as ForeignUnit
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import EncodeError
from dlmskit.types.unit import NO_UNIT, UNITS, humanise, scaled, symbol_of, unscaled

SCALERS = st.integers(-128, 127)
INTEGERS = st.integers(-(2**63), 2**64 - 1)


def test_the_table_holds_the_units_of_the_foreign_table():
    ours = set(UNITS) - {253}  # the extended table, which the foreign one leaves out
    assert ours == {unit.value for unit in ForeignUnit} - {0}


@pytest.mark.parametrize(
    ("code", "symbol", "sign"),
    [
        (27, "W", "W"),
        (30, "Wh", "Wh"),
        (32, "varh", "varh"),
        (13, "m3", "m³"),
        (9, "degC", "°C"),
        (38, "Ohm", "Ω"),
        (255, "", ""),
    ],
)
def test_symbols(code, symbol, sign):
    assert symbol_of(code) == UNITS[code].symbol == symbol
    assert UNITS[code].sign == sign


def test_symbols_are_ascii_and_unknown_numbers_have_none():
    assert all(unit.symbol.isascii() for unit in UNITS.values())
    assert [symbol_of(code) for code in (0, 58, 73, 252, 300, -1)] == [""] * 6
    assert UNITS[NO_UNIT].quantity == "count"


@pytest.mark.parametrize(
    ("raw", "scaler", "value"),
    [
        (1234, -1, 123.4),
        (1230, -1, 123),
        (1234, 0, 1234),
        (1234, 2, 123400),
        (-5, -1, -0.5),
        (0, -5, 0),
        (2301, -1, 230.1),
        (1, -3, 0.001),
        (2**63 - 1, -3, Decimal("9223372036854775.807")),
        (230.1, 0, 230.1),
        (230.1, -1, 23.01),
        (1.1, 1, 11.0),
    ],
)
def test_scaled(raw, scaler, value):
    result = scaled(raw, scaler)
    assert result == value
    assert type(result) is type(value)
    assert str(result) == str(value)


@given(INTEGERS, SCALERS)
def test_scaled_integers_are_exact_in_their_printed_digits(raw, scaler):
    value = scaled(raw, scaler)
    assert Fraction(str(value)) == Fraction(raw) * Fraction(10) ** scaler
    assert isinstance(value, int) == (Fraction(str(value)).denominator == 1)
    assert unscaled(value, scaler) == raw


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-30, 30))
def test_scaled_floats_are_moved_by_their_printed_digits(raw, scaler):
    value = scaled(raw, scaler)
    assert value == float(Fraction(repr(raw)) * Fraction(10) ** scaler)


@pytest.mark.parametrize("raw", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_stays(raw):
    assert repr(scaled(raw, -3)) == repr(raw)


@pytest.mark.parametrize("scaler", [-129, 128, 10**9])
def test_a_scaler_that_no_octet_holds_is_refused(scaler):
    with pytest.raises(EncodeError, match="scaler"):
        scaled(1, scaler)
    with pytest.raises(EncodeError, match="scaler"):
        unscaled(1, scaler)


@pytest.mark.parametrize(("value", "scaler"), [(123.45, -1), (150, 2), (0.5, 0), (math.nan, 0), (math.inf, 3)])
def test_a_value_that_the_scaler_cannot_express_is_refused(value, scaler):
    with pytest.raises(EncodeError, match=r"multiple|cannot be written"):
        unscaled(value, scaler)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1234567, 30, "1234.567 kWh"),
        (1234000, 30, "1234 kWh"),
        (999, 30, "999 Wh"),
        (1234.5, 27, "1.2345 kW"),
        (-1000, 29, "-1 kvar"),
        (230.1, 35, "230.1 V"),
        (5000, 35, "5000 V"),
        (21, 9, "21 °C"),
        (17, 255, "17"),
        (math.nan, 27, "nan W"),
    ],
)
def test_values_for_people(value, code, text):
    assert humanise(value, UNITS[code]) == text


def test_a_value_without_unit_for_people():
    assert humanise(42, None) == "42"
