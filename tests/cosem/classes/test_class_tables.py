"""Every declared class against the class tables: attributes and methods by number, name, type and rights.

The tables (`tests/data/cosem-classes.json`) were compared with the class tables of several other implementations; the
second test asks one of them, gurux_dlms, directly.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from gurux_dlms._GXObjectFactory import _GXObjectFactory
from gurux_dlms.enums import ObjectType

from tests.cosem.standard_classes import STANDARD
from tests.vectors import load

FIRST_OF_A_MANUFACTURER = 8192
TABLES = {(entry["class_id"], entry["version"]): entry for entry in load("cosem-classes")}

RIGHTS = {(False, False): "R", (True, False): "RW", (False, True): "W"}


def test_every_established_class_is_declared() -> None:
    """Those without attributes in the table are known by number alone: nothing trustworthy says what is in them."""
    assert {key for key, entry in TABLES.items() if entry["status"] != "UNCONFIRMED"} == set(STANDARD)
    assert not [key for key, entry in TABLES.items() if entry["attributes"] and key not in STANDARD]


@pytest.mark.parametrize("key", STANDARD, ids=str)
def test_the_declaration_is_the_table(key: tuple[int, int]) -> None:
    declared, table = STANDARD[key], TABLES[key]
    assert table["attributes"]
    assert declared.name == table["name"]
    assert [
        (word.number, word.name, word.notation, not word.dynamic, RIGHTS[word.writable, word.secret])
        for word in declared.attributes.values()
    ] == [(entry["id"], entry["name"], entry["type"], entry["static"], entry["default_access"]) for entry in table["attributes"]]
    assert [(word.number, word.name, word.parameter, word.result, word.mandatory) for word in declared.methods.values()] == [
        (entry["id"], entry["name"], entry["parameter"], entry["result"], entry["mandatory"]) for entry in table["methods"]
    ]


@pytest.mark.parametrize("key", STANDARD, ids=str)
def test_a_new_object_holds_values_of_its_types(key: tuple[int, int]) -> None:
    declared = STANDARD[key]
    fresh = declared("0.0.96.1.0.255")
    for word in declared.attributes.values():
        word.check(fresh.stored(word.number))
        assert word.domain.within is None or word.domain.within[0] <= fresh.stored(word.number).value <= word.domain.within[1]


# Their names of types in ours; what they send as one structure they may report as array.
THEIR_TYPES = {
    "UINT8": "unsigned", "UINT16": "long-unsigned", "UINT32": "double-long-unsigned", "UINT64": "long64-unsigned",
    "INT8": "integer", "INT16": "long", "INT32": "double-long", "STRING": "visible-string", "COMPACT_ARRAY": "compact-array",
    "OCTET_STRING": "octet-string", "BITSTRING": "bit-string", "ARRAY": "array", "STRUCTURE": "structure", "ENUM": "enum",
    "BOOLEAN": "boolean", "DATETIME": "date-time", "DATE": "date", "TIME": "time",
}  # fmt: skip

UNKNOWN_TO_THE_PEER = {
    *(30, 46, 57, 58, 59, 61, 62, 63, 66, 67, 76, 77, 95, 96, 97, 98, 105, 116, 126, 127, 128, 129, 130, 131, 132, 133, 140, 141),
    *(142, 143),
    *(50, 51, 52, 53, 55, 56, 68, 73, 101, 102, 103, 104, 152, 153, 160, 161, 162),  # numbers without an implementation
}  # fmt: skip
"""Interface classes that the peer does not implement: the table alone speaks for them."""

DIFFERENCES = {
    (4, 0, "methods"): "the peer has no reset of class 4; the class table has one",
    (7, 0, "methods"): "the peer gives the methods of version 1 to version 0, which has two more",
    (12, 3): "the newest that the peer knows is version 2",
    (12, 4): "the newest that the peer knows is version 2",
    (24, 0): "the peer knows version 1 alone",
    (29, 0, "methods"): "connect came with version 2; the peer gives it to every version",
    (29, 1, "methods"): "connect came with version 2; the peer gives it to every version",
    (40, 3): "the newest that the peer knows is version 2",
    (65, 1): "the peer knows version 0 alone",
    (91, 4): "the newest that the peer knows is version 3",
    (92, 4): "the newest that the peer knows is version 3",
    (151, 0, "attributes"): "the quality of service came with version 1; the peer gives it to both",
}
"""Where another count or type of the peer is no fault of ours, and why; with the whole class, or what of it."""


def peer(class_id: int, version: int) -> Any:
    """The peer's object of a class, None where it has none."""
    try:
        theirs = _GXObjectFactory.createObject(ObjectType(class_id))
    except ValueError:
        return None
    if type(theirs).__name__ == "GXDLMSObject":  # its word for a number that it knows and does not implement
        return None
    theirs.version = version
    return theirs


def agree(told: str, notation: str) -> bool:
    """Whether the type that the peer reports is ours, told in its way."""
    base = re.split(r"[{<(]", notation)[0]
    return (
        told == base
        or (base == "octet-string" and told in notation)
        or (base, told) in {("logical-name", "octet-string"), ("structure", "array"), ("date-time", "octet-string")}
    )


@pytest.mark.parametrize("key", STANDARD, ids=str)
def test_another_implementation_counts_and_types_alike(key: tuple[int, int]) -> None:
    declared, theirs = STANDARD[key], peer(*key)
    if theirs is None:
        assert key[0] in UNKNOWN_TO_THE_PEER
        return
    assert key[0] not in UNKNOWN_TO_THE_PEER, "the peer has learnt it: take it out of the list"
    if key in DIFFERENCES:
        assert theirs.getAttributeCount() != len(declared.attributes) or key in {(24, 0), (40, 3)}
        return
    assert (theirs.getAttributeCount() == len(declared.attributes)) is ((*key, "attributes") not in DIFFERENCES)
    assert (theirs.getMethodCount() == len(declared.methods)) is ((*key, "methods") not in DIFFERENCES)
    for number, word in declared.attributes.items():
        if not word.notation.startswith(("choice", "any")):
            told = theirs.getDataType(number).name
            assert told == "NONE" or agree(THEIR_TYPES[told], word.notation), word  # NONE: it leaves the type open
