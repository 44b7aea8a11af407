"""Describing a code from its value groups: medium, channel, quantity, processing, rate or harmonic, billing period.

Used for measured quantities, which no table lists one by one, and for codes that are in no table at all.
"""

from __future__ import annotations

from dlmskit.cosem.catalog.data import names, numbers, processings
from dlmskit.types.obis import Obis

_CURRENT = 255
_MEDIUM_TABLES = {
    1: "electricity",
    2: "dc_electricity",
    4: "heat_cost_allocator",
    5: "thermal",
    6: "thermal",
    7: "gas",
    8: "water",
    9: "water",
}
_GAS_FLOW_RATE = 43
_GAS_FACTORS = frozenset(range(51, 56))
_GAS_ANALYSIS = 70
_CALCULATION_METHOD = 12
_GAS_ENERGY_VOLUME_MASS = frozenset((*range(1, 37), *range(61, 67)))
_ANGLES = 81
_LOSSES = 83
_COUNTED = frozenset({82, _LOSSES, 88, 89})
"""Quantities whose integral has the same name: pulses, losses, ampere- and volt-squared hours."""
_VOLTAGES = frozenset({12, 32, 52, 72})
_UNDER_LIMIT_COUNTER = 32
_SEVERAL_PERIODS = 126
_REGISTER = (3, 4)
_PROFILE_OR_TABLE = (7, 61)
_REGISTER_TABLE = (61,)


def describe_by_groups(obis: Obis) -> str:
    """The best description that the value groups allow; never empty."""
    if _is_manufacturer_specific(obis):
        return ", ".join((f"Manufacturer specific code ({_medium(obis.a)})", *details(obis)))
    describe = {0: _abstract, 1: _electricity, 2: _electricity}.get(obis.a, _other_medium)
    return ", ".join((*describe(obis), *details(obis)))


def classes_by_groups(obis: Obis) -> tuple[int, ...]:
    """The interface classes of a measured quantity, the usual one first; empty where it is none, or not known."""
    if _is_manufacturer_specific(obis) or obis.c not in _quantities(obis.a):
        return ()
    if obis.f == _SEVERAL_PERIODS:
        return _PROFILE_OR_TABLE
    if obis.a not in {1, 2}:
        return _REGISTER
    processing = processings().get(obis.d)
    if processing is None:
        return ()
    if obis.e == _CURRENT and (obis.c == _ANGLES or obis.c in _VOLTAGES):
        return _REGISTER_TABLE
    return _REGISTER if obis.e and _has_harmonics(obis) else processing.classes


def details(obis: Obis, *, channel_is_named: bool = False, billing: bool = True) -> list[str]:
    """What value groups B and F add: channel and billing period."""
    parts = []
    if obis.b and not channel_is_named:
        parts.append(_channel(obis.b))
    if obis.f != _CURRENT and billing:
        parts.append(_billing_period(obis.f))
    return parts


def _channel(b: int) -> str:
    if b <= 64:
        return f"channel {b}"
    if b <= 127:
        return f"utility specific channel {b}"
    return f"manufacturer specific channel {b}" if b <= 199 else f"reserved channel {b}"


def _billing_period(f: int) -> str:
    if f <= 99:
        return f"historical value {f}"
    if f == 101:
        return "most recent closed billing period"
    if 102 <= f <= 125:
        return f"billing period {f - 100} before the current one"
    return "unspecified number of billing periods" if f == _SEVERAL_PERIODS else f"value group F {f}"


def _is_manufacturer_specific(obis: Obis) -> bool:
    """128 to 199 in B and C, 240 in C, 128 to 254 in D to F."""
    _, b, c, d, e, f = obis.octets
    return 128 <= b <= 199 or 128 <= c <= 199 or c == 240 or any(128 <= group <= 254 for group in (d, e, f))


def _medium(a: int) -> str:
    return names("media").get(a, f"medium {a}")


def _quantities(a: int) -> dict[int, str]:
    table = _MEDIUM_TABLES.get(a)
    return names(table, "C") if table else {}


def _abstract(obis: Obis) -> list[str]:
    subject = names("abstract").get(obis.c, f"C = {obis.c}")
    return [f"Abstract object: {subject}, {obis.d}.{obis.e}"]


def _unlisted(obis: Obis) -> list[str]:
    """A code whose C is no measured quantity of its medium."""
    subject = names("general").get(obis.c, f"quantity {obis.c}")
    return [f"{_capitalised(_medium(obis.a))}: {subject}, {obis.d}.{obis.e}"]


# --- Electricity -------------------------------------------------------------------------------------------------------


def _electricity(obis: Obis) -> list[str]:
    quantity = _quantities(obis.a).get(obis.c)
    if quantity is None:
        return _unlisted(obis)
    if obis.c == _LOSSES:
        quantity = _capitalised(names("electricity", "losses").get(obis.e, f"{quantity} {obis.e}"))
    elif obis.c == _ANGLES:
        return [_angle(obis.e), *(() if obis.d == 7 else (_processing(obis.d),))]
    processing = processings().get(obis.d)
    if processing is None:
        return [_of_medium(obis.a, quantity), f"value group D {obis.d}", *_rate(obis)]
    text = processing.text
    if processing.is_integral and obis.c not in _COUNTED:
        integrated = quantity.replace("power", "energy").replace("Power", "Energy")
        text = ", ".join(filter(None, ("time integral" if integrated == quantity else "", text)))
        quantity = integrated
    return [_of_medium(obis.a, quantity), *filter(None, (text,)), *_rate(obis)]


def _processing(d: int) -> str:
    processing = processings().get(d)
    return processing.text if processing else f"value group D {d}"


def _of_medium(a: int, quantity: str) -> str:
    """AC is what everybody means by electricity; DC is said."""
    return quantity if a == 1 else f"DC {quantity[0].lower()}{quantity[1:]}"


def _angle(e: int) -> str:
    if e == 255:
        return "Phase angles, all"
    vectors = names("electricity", "vectors")
    reference, vector = divmod(e, 10)
    if reference in vectors and vector in vectors:
        return f"Phase angle of {vectors[vector]} to {vectors[reference]}"
    return f"Phase angle {e}"


def _has_harmonics(obis: Obis) -> bool:
    return obis.c in numbers("electricity", "harmonics_C") and obis.d in numbers("electricity", "harmonics_D")


def _rate(obis: Obis) -> list[str]:
    """What value group E says: harmonic, voltage dip class or tariff rate."""
    c, d, e = obis.c, obis.d, obis.e
    if c == _LOSSES or e == _CURRENT:
        return []
    if _has_harmonics(obis):
        if e == 0:
            return []
        named = names("electricity", "harmonics").get(e)
        return [named or (f"harmonic {e}" if e <= 120 else f"value group E {e}")]
    if c in _VOLTAGES and d == _UNDER_LIMIT_COUNTER and e:
        depth, duration = divmod(e, 10)
        depths, durations = names("electricity", "dips", "depth"), names("electricity", "dips", "duration")
        if depth in depths and duration in durations:
            return [f"dips of {depths[depth]}, {durations[duration]}"]
    if e == 0:
        processing = processings().get(d)
        return ["total"] if processing is not None and processing.is_integral else []
    return [f"rate {e}" if e <= 63 else f"value group E {e}"]


# --- Other media -------------------------------------------------------------------------------------------------------


def _other_medium(obis: Obis) -> list[str]:
    quantity = _quantities(obis.a).get(obis.c)
    if quantity is None:
        return _unlisted(obis)
    head = f"{_capitalised(_medium(obis.a))}: {quantity[0].lower()}{quantity[1:]}"
    return [head, *(_gas(obis) if obis.a == 7 else _processed_and_rated(names(_MEDIUM_TABLES[obis.a], "D"), obis))]


def _gas(obis: Obis) -> list[str]:
    if obis.c in _GAS_FACTORS:
        if obis.d == _CALCULATION_METHOD:
            return ["calculation method in use" if obis.e == 0 else f"calculation method {obis.e}"]
        return [_named(names("gas", "D", "process"), "D", obis.d), _named(names("gas", "averages"), "E", obis.e)]
    if obis.c == _GAS_ANALYSIS:
        return [_named(names("gas", "constituents"), "D", obis.d), _named(names("gas", "averages"), "E", obis.e)]
    kind = "index" if obis.c in _GAS_ENERGY_VOLUME_MASS else "flow_rate" if obis.c == _GAS_FLOW_RATE else "process"
    return _processed_and_rated(names("gas", "D", kind), obis)


def _processed_and_rated(processed: dict[int, str], obis: Obis) -> list[str]:
    rate = [] if obis.e in {0, _CURRENT} else [f"rate {obis.e}" if obis.e <= 63 else f"value group E {obis.e}"]
    return [_named(processed, "D", obis.d), *rate]


def _named(table: dict[int, str], group: str, number: int) -> str:
    return table.get(number, f"value group {group} {number}")


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
