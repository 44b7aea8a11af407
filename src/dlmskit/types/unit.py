"""Units of COSEM values (Blue Book, 4.3.2, enumeration of scaler_unit) and the arithmetic of the scaler.

A value of a register is raw * 10**scaler in the unit of this table. Nothing here guesses: a number that the table does not hold
has no symbol, and scaled values keep the table's unit (Wh, never kWh). `humanise` is for tables that people read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dlmskit.errors import EncodeError


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit."""

    code: int
    """The number on the wire."""
    symbol: str
    """Short form in ASCII: ``Wh``, ``m3``, ``degC``; empty for a count without unit."""
    name: str
    """The unit in words."""
    quantity: str
    """What it measures."""

    @property
    def sign(self) -> str:
        """The symbol as print writes it: ``m³``, ``°C``, ``Ω``."""
        return _SIGNS.get(self.symbol, self.symbol)


_TABLE = (
    (1, "a", "year", "time"),
    (2, "mo", "month", "time"),
    (3, "wk", "week", "time"),
    (4, "d", "day", "time"),
    (5, "h", "hour", "time"),
    (6, "min", "minute", "time"),
    (7, "s", "second", "time"),
    (8, "deg", "degree", "phase angle"),
    (9, "degC", "degree Celsius", "temperature"),
    (10, "currency", "local currency", "currency"),
    (11, "m", "metre", "length"),
    (12, "m/s", "metre per second", "speed"),
    (13, "m3", "cubic metre", "volume (rv / meter constant or pulse value)"),
    (14, "m3", "cubic metre, corrected", "corrected volume"),
    (15, "m3/h", "cubic metre per hour", "volume flux"),
    (16, "m3/h", "cubic metre per hour, corrected", "corrected volume flux"),
    (17, "m3/d", "cubic metre per day", "volume flux"),
    (18, "m3/d", "cubic metre per day, corrected", "corrected volume flux"),
    (19, "l", "litre", "volume"),
    (20, "kg", "kilogram", "mass"),
    (21, "N", "newton", "force"),
    (22, "Nm", "newton metre", "energy"),
    (23, "Pa", "pascal", "pressure"),
    (24, "bar", "bar", "pressure"),
    (25, "J", "joule", "energy"),
    (26, "J/h", "joule per hour", "thermal power"),
    (27, "W", "watt", "active power"),
    (28, "VA", "volt-ampere", "apparent power"),
    (29, "var", "var", "reactive power"),
    (30, "Wh", "watt-hour", "active energy"),
    (31, "VAh", "volt-ampere-hour", "apparent energy"),
    (32, "varh", "var-hour", "reactive energy"),
    (33, "A", "ampere", "current"),
    (34, "C", "coulomb", "electrical charge"),
    (35, "V", "volt", "voltage"),
    (36, "V/m", "volt per metre", "electric field strength"),
    (37, "F", "farad", "capacitance"),
    (38, "Ohm", "ohm", "resistance"),
    (39, "Ohm m2/m", "ohm metre", "resistivity"),
    (40, "Wb", "weber", "magnetic flux"),
    (41, "T", "tesla", "magnetic flux density"),
    (42, "A/m", "ampere per metre", "magnetic field strength"),
    (43, "H", "henry", "inductance"),
    (44, "Hz", "hertz", "frequency"),
    (45, "1/(Wh)", "per watt-hour", "active energy meter constant or pulse value"),
    (46, "1/(varh)", "per var-hour", "reactive energy meter constant or pulse value"),
    (47, "1/(VAh)", "per volt-ampere-hour", "apparent energy meter constant or pulse value"),
    (48, "V2h", "volt-squared hour", "volt-squared hours"),
    (49, "A2h", "ampere-squared hour", "ampere-squared hours"),
    (50, "kg/s", "kilogram per second", "mass flux"),
    (51, "S", "siemens", "conductance"),
    (52, "K", "kelvin", "temperature"),
    (53, "1/(V2h)", "per volt-squared hour", "volt-squared hour constant"),
    (54, "1/(A2h)", "per ampere-squared hour", "ampere-squared hour constant"),
    (55, "1/m3", "per cubic metre", "volume meter constant or pulse value"),
    (56, "%", "percent", "percentage"),
    (57, "Ah", "ampere-hour", "ampere-hours"),
    (60, "Wh/m3", "watt-hour per cubic metre", "energy per volume"),
    (61, "J/m3", "joule per cubic metre", "calorific value, Wobbe"),
    (62, "mol %", "mole percent", "molar fraction of gas composition"),
    (63, "g/m3", "gram per cubic metre", "mass density"),
    (64, "Pa s", "pascal second", "dynamic viscosity"),
    (65, "J/kg", "joule per kilogram", "specific energy"),
    (66, "g/cm2", "gram per square centimetre", "pressure"),
    (67, "atm", "atmosphere", "pressure"),
    (70, "dBm", "decibel-milliwatt", "signal strength"),
    (71, "dBuV", "decibel-microvolt", "signal strength"),
    (72, "dB", "decibel", "logarithmic ratio"),
    (128, "in", "inch", "length"),
    (129, "ft", "foot", "length"),
    (130, "lb", "pound", "mass"),
    (131, "degF", "degree Fahrenheit", "temperature"),
    (132, "degR", "degree Rankine", "temperature"),
    (133, "sq in", "square inch", "area"),
    (134, "sq ft", "square foot", "area"),
    (135, "ac", "acre", "area"),
    (136, "cu in", "cubic inch", "volume"),
    (137, "cu ft", "cubic foot", "volume"),
    (138, "ac ft", "acre-foot", "volume"),
    (139, "gal(imp)", "gallon (imperial)", "volume"),
    (140, "gal(US)", "gallon (US)", "volume"),
    (141, "lbf", "pound force", "force"),
    (142, "psi", "pound force per square inch", "pressure"),
    (143, "lb/cu ft", "pound per cubic foot", "density"),
    (144, "lb/(ft s)", "pound per (foot second)", "dynamic viscosity"),
    (145, "sq ft/s", "square foot per second", "kinematic viscosity"),
    (146, "Btu", "British thermal unit", "energy"),
    (147, "thm(EC)", "therm EU", "energy"),
    (148, "thm(US)", "therm US", "energy"),
    (149, "Btu/lb", "Btu per pound", "calorific value of mass, enthalpy"),
    (150, "Btu/cu ft", "Btu per cubic foot", "calorific value of volume, Wobbe"),
    (151, "cu ft", "cubic feet", "volume meter constant or pulse value"),
    (152, "ft/s", "foot per second", "speed"),
    (153, "cu ft/s", "cubic foot per second", "volume flux"),
    (154, "cu ft/min", "cubic foot per minute", "volume flux"),
    (155, "cu ft/h", "cubic foot per hour", "volume flux"),
    (156, "cu ft/d", "cubic foot per day", "volume flux"),
    (157, "ac ft/s", "acre-foot per second", "volume flux"),
    (158, "ac ft/min", "acre-foot per minute", "volume flux"),
    (159, "ac ft/h", "acre-foot per hour", "volume flux"),
    (160, "ac ft/d", "acre-foot per day", "volume flux"),
    (161, "gal(imp)", "imperial gallon", "volume meter constant or pulse value"),
    (162, "gal(imp)/s", "imperial gallon per second", "volume flux"),
    (163, "gal(imp)/min", "imperial gallon per minute", "volume flux"),
    (164, "gal(imp)/h", "imperial gallon per hour", "volume flux"),
    (165, "gal(imp)/d", "imperial gallon per day", "volume flux"),
    (166, "gal(US)", "US gallon", "volume meter constant or pulse value"),
    (167, "gal(US)/s", "US gallon per second", "volume flux"),
    (168, "gal(US)/min", "US gallon per minute", "volume flux"),
    (169, "gal(US)/h", "US gallon per hour", "volume flux"),
    (170, "gal(US)/d", "US gallon per day", "volume flux"),
    (171, "Btu/s", "Btu per second", "energy flow"),
    (172, "Btu/min", "Btu per minute", "energy flow"),
    (173, "Btu/h", "Btu per hour", "energy flow"),
    (174, "Btu/d", "Btu per day", "energy flow"),
    (253, "ext", "extended table of units", "reserved"),
    (254, "other", "other unit", "other"),
    (255, "", "no unit, unitless, count", "count"),
)

_SIGNS: Final = {
    "deg": "°",
    "degC": "°C",
    "degF": "°F",
    "degR": "°R",
    "m3": "m³",
    "m3/h": "m³/h",
    "m3/d": "m³/d",
    "Ohm": "Ω",
    "Ohm m2/m": "Ω m²/m",
    "V2h": "V²h",
    "A2h": "A²h",
    "1/(V2h)": "1/(V²h)",
    "1/(A2h)": "1/(A²h)",
    "1/m3": "1/m³",
    "Wh/m3": "Wh/m³",
    "J/m3": "J/m³",
    "g/m3": "g/m³",
    "g/cm2": "g/cm²",
    "dBuV": "dBµV",
}
_SHOWN_IN_THOUSANDS: Final = frozenset({"W", "VA", "var", "Wh", "VAh", "varh"})

UNITS: Final[dict[int, Unit]] = {code: Unit(code, symbol, name, quantity) for code, symbol, name, quantity in _TABLE}
"""Every unit that the standard names, by its number."""

NO_UNIT: Final = 255
"""The number for values without a unit: counts, texts, status words."""


def symbol_of(code: int) -> str:
    """The symbol of a unit; empty for NO_UNIT and for a number that the table does not hold."""
    unit = UNITS.get(code)
    return unit.symbol if unit else ""


_POWERS: Final = tuple(10**exponent for exponent in range(129))
_FLOAT_IS_EXACT: Final = 10**15
"""A float shows every decimal number of fifteen digits as it was written."""

Number = int | float | Decimal


def scaled(raw: float, scaler: int) -> Number:
    """``raw * 10**scaler``, exact in decimal digits.

    Integral values are int; others are the float that prints with the scaler's digits (123.4, not 123.40000000000001), or
    Decimal where a float cannot hold all of them. A raw float is moved by its printed digits; NaN and infinities stay.

    Raises:
        EncodeError: scaler is not -128 to 127.
    """
    if not -128 <= scaler <= 127:
        raise EncodeError(f"scaler {scaler} is not -128 to 127")
    if isinstance(raw, float):
        return _scaled_float(raw, scaler)
    if scaler >= 0:
        return raw * _POWERS[scaler]
    power = _POWERS[-scaler]
    whole, rest = divmod(raw, power)
    if not rest:
        return whole
    return raw / power if -_FLOAT_IS_EXACT < raw < _FLOAT_IS_EXACT else _exact(raw, scaler)


def _scaled_float(raw: float, scaler: int) -> float:
    if scaler == 0 or not math.isfinite(raw):
        return raw
    return float(f"{raw!r}e{scaler}") if "e" not in repr(raw) else float(Decimal(repr(raw)).scaleb(scaler))


def _exact(raw: int, scaler: int) -> Number:
    """More than fifteen digits: a float only if it prints them all."""
    sign, digits, _ = Decimal(raw).as_tuple()
    exact = Decimal((sign, digits, scaler))
    nearest = float(exact)
    return nearest if Decimal(repr(nearest)) == exact else exact


def unscaled(value: Number, scaler: int) -> int:
    """The raw number that stands for ``value`` with this scaler: what to write into a register or a threshold.

    Raises:
        EncodeError: the scaler is not -128 to 127, or cannot express the value exactly.
    """
    if not -128 <= scaler <= 127:
        raise EncodeError(f"scaler {scaler} is not -128 to 127")
    if not math.isfinite(value):
        raise EncodeError(f"{value} cannot be written with a scaler")
    numerator, denominator = Decimal(str(value)).as_integer_ratio()
    if scaler >= 0:
        denominator *= _POWERS[scaler]
    else:
        numerator *= _POWERS[-scaler]
    raw, rest = divmod(numerator, denominator)
    if rest:
        raise EncodeError(f"{value} is not a multiple of 10**{scaler}")
    return raw


def humanise(value: Number, unit: Unit | None) -> str:
    """A value for people: ``1234.567 kWh``, ``230.1 V``, ``21 °C``, ``17``. No digit is lost.

    Powers and energies of electricity from a thousand up are shown with the prefix kilo; everything else stays as it is.
    """
    sign = unit.sign if unit else ""
    if sign in _SHOWN_IN_THOUSANDS and math.isfinite(value) and not -1000 < value < 1000:
        value = scaled(value, -3) if isinstance(value, int) else Decimal(str(value)) / 1000
        sign = f"k{sign}"
    return f"{value} {sign}".rstrip()
