"""Every declared class against the class tables: attributes and methods by number, name, type and rights.

The tables (`tests/data/cosem-classes.json`) were compared with the class tables of several other implementations; the
second test asks one of them, gurux_dlms, directly.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from dlmskit.cosem.registry import interface_classes
from tests.vectors import load

FIRST_OF_A_MANUFACTURER = 8192
DECLARED = {key: found for key, found in interface_classes().items() if found.__module__.startswith("dlmskit.cosem.classes.")}
TABLES = {(entry["class_id"], entry["version"]): entry for entry in load("cosem-classes")}

RIGHTS = {(False, False): "R", (True, False): "RW", (False, True): "W"}


@pytest.mark.parametrize("key", DECLARED, ids=str)
def test_the_declaration_is_the_table(key: tuple[int, int]) -> None:
    declared, table = DECLARED[key], TABLES[key]
    assert table["attributes"]
    assert declared.name == table["name"]
    assert [
        (word.number, word.name, word.notation, not word.dynamic, RIGHTS[word.writable, word.secret])
        for word in declared.attributes.values()
    ] == [(entry["id"], entry["name"], entry["type"], entry["static"], entry["default_access"]) for entry in table["attributes"]]
    assert [(word.number, word.name, word.parameter, word.result, word.mandatory) for word in declared.methods.values()] == [
        (entry["id"], entry["name"], entry["parameter"], entry["result"], entry["mandatory"]) for entry in table["methods"]
    ]


@pytest.mark.parametrize("key", DECLARED, ids=str)
def test_a_new_object_holds_values_of_its_types(key: tuple[int, int]) -> None:
    declared = DECLARED[key]
    fresh = declared("0.0.96.1.0.255")
    for word in declared.attributes.values():
        word.check(fresh.stored(word.number))
        assert word.within is None or word.within[0] <= fresh.stored(word.number).value <= word.within[1]


PEERS = {
    1: "Data", 3: "Register", 4: "ExtendedRegister", 5: "DemandRegister", 6: "RegisterActivation", 7: "ProfileGeneric",
    8: "Clock",
    9: "ScriptTable", 11: "SpecialDaysTable", 15: "AssociationLogicalName", 17: "SapAssignment", 18: "ImageTransfer",
    19: "IECLocalPortSetup", 20: "ActivityCalendar", 22: "ActionSchedule", 23: "HdlcSetup", 40: "PushSetup", 41: "TcpUdpSetup",
    42: "Ip4Setup", 64: "SecuritySetup", 70: "DisconnectControl", 71: "Limiter",
}  # fmt: skip

# Their names of types in ours; what they send as one structure they may report as array.
THEIR_TYPES = {
    "UINT8": "unsigned", "UINT16": "long-unsigned", "UINT32": "double-long-unsigned", "INT8": "integer", "INT16": "long",
    "OCTET_STRING": "octet-string", "BITSTRING": "bit-string", "ARRAY": "array", "STRUCTURE": "structure", "ENUM": "enum",
    "BOOLEAN": "boolean", "DATETIME": "date-time", "DATE": "date", "TIME": "time",
}  # fmt: skip


def peer(class_id: int) -> Any:
    name = f"GXDLMS{PEERS[class_id]}"
    return getattr(importlib.import_module(f"gurux_dlms.objects.{name}"), name)()


@pytest.mark.parametrize("key", DECLARED, ids=str)
def test_another_implementation_counts_and_types_alike(key: tuple[int, int]) -> None:
    theirs = peer(key[0])
    theirs.version = key[1]
    declared = DECLARED[key]
    if key == (40, 3):
        theirs.version = 2  # the newest that the peer knows
    assert theirs.getAttributeCount() == len(declared.attributes)
    assert theirs.getMethodCount() == len(declared.methods) or key == (4, 0)  # the peer forgot reset of class 4
    for number, word in declared.attributes.items():
        if word.notation.startswith(("choice", "any")):
            continue
        base = re.split(r"[{<(]", word.notation)[0]
        told = THEIR_TYPES[theirs.getDataType(number).name]
        assert (
            told == base
            or (base == "octet-string" and told in word.notation)
            or (base, told) in {("logical-name", "octet-string"), ("structure", "array")}
        ), (word, told)
