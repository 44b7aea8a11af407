"""Push bodies of every shape, made here: what is named, scaled and left alone must not depend on any one meter."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.trace.naming import named_values
from dlmskit.types.obis import Obis

ENERGY, POWER, VOLTAGE = (Obis(code) for code in ("1.0.1.8.0.255", "1.0.1.7.0.255", "1.0.32.7.0.255"))


def code(obis: Obis) -> Data:
    return Data.octet_string(obis.octets)


def scale(scaler: int, unit: int) -> Data:
    return Data.structure([Data.integer(scaler), Data.enum(unit)])


WH, V = 30, 35
ENERGY_ROW = [code(ENERGY), Data.double_long_unsigned(12345), scale(1, WH)]
VOLTAGE_ROW = [code(VOLTAGE), Data.long_unsigned(2301), scale(-1, V)]
EXPECTED = [(ENERGY, 123450, "Wh"), (VOLTAGE, 230.1, "V")]


def class_row(obis: Obis, value: Data, *, index: bool) -> Data:
    parts = [Data.long_unsigned(3), code(obis), Data.integer(2), *([Data.long_unsigned(0)] if index else []), value]
    return Data.structure(parts)


SHAPES = {
    "array of rows": Data.array([Data.structure(ENERGY_ROW), Data.structure(VOLTAGE_ROW)]),
    "structure of rows": Data.structure([Data.structure(ENERGY_ROW), Data.structure(VOLTAGE_ROW)]),
    "rows in a nested array": Data.structure([Data.array([Data.structure(ENERGY_ROW), Data.structure(VOLTAGE_ROW)])]),
    "triples without structures": Data.structure([*ENERGY_ROW, *VOLTAGE_ROW]),
    "scaler and unit flat": Data.structure(
        [
            Data.structure([code(ENERGY), Data.double_long_unsigned(12345), Data.integer(1), Data.enum(WH)]),
            Data.structure([code(VOLTAGE), Data.long_unsigned(2301), Data.integer(-1), Data.enum(V)]),
        ]
    ),
    "value and scaler_unit in one structure": Data.structure(
        [
            Data.structure([code(ENERGY), Data.structure([Data.double_long_unsigned(12345), scale(1, WH)])]),
            Data.structure([code(VOLTAGE), Data.structure([Data.long_unsigned(2301), scale(-1, V)])]),
        ]
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_self_describing_shapes_read_alike(shape: str) -> None:
    assert [(value.obis, value.value, value.unit) for value in named_values(SHAPES[shape])] == EXPECTED


@pytest.mark.parametrize("index", [True, False])
def test_class_rows_carry_class_and_attribute(index: bool) -> None:
    body = Data.array([class_row(POWER, Data.double_long_unsigned(500), index=index)])
    (value,) = named_values(body)
    assert (value.obis, value.class_id, value.attribute, value.value, value.unit) == (POWER, 3, 2, 500, None)


def object_list(*rows: tuple[int, Obis, int]) -> Data:
    return Data.array(
        [
            Data.structure([Data.long_unsigned(class_id), code(obis), Data.integer(attribute), Data.long_unsigned(0)])
            for class_id, obis, attribute in rows
        ]
    )


SETUP = Obis("0.7.25.9.0.255")


@pytest.mark.parametrize("lists_itself", [True, False])
def test_object_list_names_the_values_behind_it(lists_itself: bool) -> None:
    rows = [(40, SETUP, 2)] * lists_itself + [(3, POWER, 2), (70, Obis("0.0.96.3.10.255"), 3)]
    body = Data.structure([object_list(*rows), Data.double_long_unsigned(42), Data.enum(1)])
    assert [(value.obis, value.attribute, value.value) for value in named_values(body)] == [
        (POWER, 2, 42),
        (Obis("0.0.96.3.10.255"), 3, 1),
    ]


def test_scaler_unit_pushed_as_a_value_belongs_to_its_register() -> None:
    body = Data.structure([object_list((40, SETUP, 2), (3, VOLTAGE, 2), (3, VOLTAGE, 3)), Data.long_unsigned(2301), scale(-1, V)])
    value, unit = named_values(body)
    assert (value.value, value.unit) == (230.1, "V")
    assert unit.attribute == 3


def test_list_whose_length_does_not_fit_is_not_an_object_list() -> None:
    body = Data.structure([object_list((3, POWER, 2), (3, VOLTAGE, 2)), Data.long_unsigned(1)])
    assert all(value.source != "object list" for value in named_values(body))


def test_unknown_positional_list_keeps_its_values_without_names() -> None:
    body = Data.structure([Data.visible_string("UNHEARD_OF"), Data.double_long_unsigned(1), Data.long(-2)])
    assert [(value.obis, value.value) for value in named_values(body)] == [(None, "UNHEARD_OF"), (None, 1), (None, -2)]


def test_layout_gives_no_scaler_to_an_unexpected_type() -> None:
    """A Kaifa list whose energy register came as text: named, and left as it is."""
    elements = [Data.octet_string(b"KFM_001"), Data.octet_string(b"1"), Data.octet_string(b"T")]
    elements += [Data.double_long_unsigned(7)] * 9 + [Data.visible_string("x")]
    values = named_values(Data.structure(elements))
    assert values[-1].obis is not None
    assert (values[-1].value, values[-1].scaler) == ("x", None)


def test_date_time_in_front_of_pairs_is_the_clock() -> None:
    moment = Data.octet_string(bytes.fromhex("07E70405030A1E00FFFF8880"))
    first, second = named_values(Data.structure([moment, code(POWER), Data.long_unsigned(5)]))
    assert (first.obis, str(first.to_json()["value"])) == (Obis("0.0.1.0.0.255"), "2023-04-05T10:30:00+02:00")
    assert second.obis == POWER


@pytest.mark.parametrize("body", [Data.null(), Data.double_long_unsigned(3), Data.array([]), Data.structure([])])
def test_bodies_without_rows(body: Data) -> None:
    assert len(named_values(body)) <= 1
