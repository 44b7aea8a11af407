"""Objects as JSON and XML and back: every class, every type, a whole device; secrets stay where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import AccessMode, ObjectRights, Role
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.iec_local_port_setup import IecLocalPortSetup
from dlmskit.cosem.classes.profile_generic import ProfileGeneric, SortMethod
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.export import ObjectRecord, from_json, from_xml, records_of, to_json, to_xml, tree_of
from dlmskit.cosem.export.as_json import value_from_json, value_to_json
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ConfigError, DecodeError, DlmsError
from dlmskit.testing.strategies import data as any_data
from dlmskit.types.obis import Obis
from tests.cosem.standard_classes import STANDARD

Form = tuple[Callable[..., str], Callable[..., list[ObjectRecord]]]
FORMS: dict[str, Form] = {"json": (to_json, from_json), "xml": (to_xml, from_xml)}
ENERGY = Obis("1.0.1.8.0.255")
RIGHTS = ObjectRights(
    {1: AccessMode.READ, 2: AccessMode(0x6F), 3: AccessMode.NONE}, {1: AccessMode.ACCESS | AccessMode.REQUEST_SIGNED}
)


@pytest.fixture(params=FORMS, ids=str)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


@pytest.mark.parametrize("key", STANDARD, ids=str)
def test_every_class_comes_back_as_it_was(key: tuple[int, int]) -> None:
    """A new object of the class, its record in both forms, and an object made of that, whose record is the same again."""
    declared = STANDARD[key]
    made = declared("0.0.96.1.0.255")
    ObjectTree([made])
    record = ObjectRecord.of(made)
    secret = {number for number, word in declared.attributes.items() if word.secret}
    assert not secret & set(record.values)
    for write, read in FORMS.values():
        assert read(write([record])) == [record]
    (again,) = tree_of([record])
    assert ObjectRecord.of(again) == record


@given(any_data())
def test_every_value_comes_back_octet_for_octet(data: Data) -> None:
    record = ObjectRecord(1, 0, ENERGY, {2: data})
    for write, read in FORMS.values():
        assert read(write([record]))[0].values[2].octets == data.octets


def test_a_device_with_rights(form: Form) -> None:
    write, read = form
    profile = ProfileGeneric(
        "1.0.99.1.0.255", capture_objects=[(3, ENERGY, 2, 0)], profile_entries=9, sort_method=SortMethod.LIFO
    )
    tree = ObjectTree([Register(ENERGY, value=Data.double_long_unsigned(5), scaler_unit=(-1, 30)), profile])
    for number in range(3):
        profile.insert(Data.structure((Data.unsigned(number),)))
    role = Role("reader", {(3, ENERGY): RIGHTS, (7, profile.obis): profile.default_rights(), (1, ENERGY): RIGHTS})
    records = records_of(tree, role)
    assert [record.class_id for record in records] == [3, 7]
    assert (set(records[0].values), records[0].rights) == ({2}, RIGHTS)
    assert read(write(records)) == records
    twin = tree_of(read(write(records_of(tree))))
    assert records_of(twin) == records_of(tree)
    assert [row[0] for row in twin.get(7, profile.obis).get(2).value] == [2, 1, 0]


def test_json_is_for_tools() -> None:
    (said,) = json.loads(to_json([ObjectRecord.of(Register(ENERGY, value=Data.unsigned(5), scaler_unit=(-1, 30)), RIGHTS)]))[
        "objects"
    ]
    assert (said["class_id"], said["class"], said["logical_name"]) == (3, "Register", "1.0.1.8.0.255")
    assert said["attributes"][0] == {"number": 2, "name": "value", "type": "unsigned", "value": 5}
    assert said["attributes"][1]["value"] == [{"type": "integer", "value": -1}, {"type": "enum", "value": 30}]
    assert said["rights"]["attributes"][1] == {
        "number": 2, "name": "value", "read": True, "write": True,
        "request_protection": ["authenticated", "encrypted"], "response_protection": ["authenticated", "encrypted"],
    }  # fmt: skip
    assert said["rights"]["methods"][0]["call"] is True


def test_secrets_are_neither_given_nor_taken(form: Form) -> None:
    write, read = form
    port = IecLocalPortSetup("0.0.20.0.0.255", pass_p1=b"not-for-the-log")
    text = write([ObjectRecord.of(port)])
    assert "not-for-the-log" not in text
    assert b"not-for-the-log".hex().upper() not in text
    with pytest.raises(ConfigError, match="secret"):
        ObjectRecord(19, 1, port.obis, {7: Data.octet_string(b"x")})
    harmless = write([ObjectRecord(19, 1, port.obis, {6: Data.octet_string(b"x")})])
    with pytest.raises(ConfigError, match="secret"):
        read(harmless.replace('"number": 6', '"number": 7').replace('Id="6"', 'Id="7"'))


OBJECT = '<Objects><Object ClassId="1" Version="0" LogicalName="1.0.1.8.0.255">'
HOSTILE = [
    "", "[]", "{}", "null", '{"objects": 5}', '{"objects": [5]}', '{"objects": [{"class_id": 1}]}',
    "<Objects><Object/></Objects>",
    "<Object/>", '<Objects><X ClassId="1"/></Objects>', '<!DOCTYPE a [<!ENTITY b "c">]><Objects/>',
    '<Objects><Object ClassId="1" Version="0" LogicalName="x"/></Objects>',
    f'{OBJECT}<Attribute Id="2"><Nothing/></Attribute></Object></Objects>', f'{OBJECT}<Method Id="999"/></Object></Objects>',
    "[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_export_is_a_typed_error(text: str) -> None:
    for read in (from_json, from_xml):
        with pytest.raises(DecodeError):
            read(text)


@pytest.mark.parametrize(
    "value",
    [
        {"type": "unsigned", "value": 256},
        {"type": "unsigned", "value": "1"},
        {"type": "unsigned", "raw": "12"},
        {"type": "unsigned", "raw": "060000"},
        {"type": "strange", "value": 1},
        {"type": "octet-string", "value": "0"},
        {"type": "visible-string", "value": "\ud800"},
        {"value": 1},
    ],
    ids=str,
)
def test_values_that_no_type_holds(value: dict[str, Any]) -> None:
    said = {"objects": [{"class_id": 1, "version": 0, "logical_name": str(ENERGY), "attributes": [{"number": 2, **value}]}]}
    with pytest.raises(DlmsError):
        from_json(json.dumps(said))


def test_nesting_is_bounded() -> None:
    value: dict[str, Any] = {"type": "null-data", "value": None}
    for _ in range(200):
        value = {"type": "array", "value": [value]}
    with pytest.raises(DecodeError, match="nesting"):
        value_from_json(value)


def test_what_json_cannot_hold_is_raw() -> None:
    not_a_number = Data.decode(bytes((Tag.FLOAT32,)) + bytes.fromhex("7FC00001"))
    assert value_to_json(not_a_number) == {"type": "float32", "value": None, "raw": "177FC00001"}


def test_a_value_of_another_type_makes_no_object() -> None:
    with pytest.raises(ConfigError, match="attribute 3"):
        ObjectRecord(3, 0, ENERGY, {3: Data.unsigned(1)}).to_object()
    with pytest.raises(ConfigError, match="9999"):
        ObjectRecord(9999, 0, ENERGY).to_object()
    assert DataObject(ENERGY).get(2) == ObjectRecord(1, 0, ENERGY).to_object().get(2)
