"""Whatever a client writes or passes, every object answers with a result of its own: none fails inside."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmskit.codec.containers import Array, Choice, Structure
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.kinds import Enumeration, LogicalName, MomentKind, Simple
from dlmskit.cosem.access import AccessMode, ObjectRights, Role
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_classes
from dlmskit.cosem.view import ObjectView
from dlmskit.types.obis import Obis
from tests.cosem.peers import StandingClock

DECLARED = {key: found for key, found in interface_classes().items() if found.__module__.startswith("dlmskit.cosem.classes.")}
NAME = Obis("0.0.96.1.0.255")


def strings(length: int | None = None, *, tag: int = Tag.OCTET_STRING) -> st.SearchStrategy[Data]:
    smallest, largest = (0, 14) if length is None else (length, length)
    return st.binary(min_size=smallest, max_size=largest).map(lambda octets: Data(bytes((tag, len(octets))) + octets))


def fixed(tag: int) -> st.SearchStrategy[Data]:
    size = DATA_TYPES[tag].size or 0
    return st.binary(min_size=size, max_size=size).map(lambda octets: Data(bytes((tag,)) + octets))


FIXED = [tag for tag, kind in DATA_TYPES.items() if kind.size is not None]
BITS = st.text("01", max_size=12).map(Data.bit_string)
simple = st.one_of(*map(fixed, FIXED), BITS, strings(), strings(12), st.just(Data.octet_string(NAME)))
values = st.recursive(
    simple,
    lambda inner: st.lists(inner, max_size=5).map(Data.array) | st.lists(inner, max_size=7).map(Data.structure),
    max_leaves=12,
)


def fitting(kind: Any) -> st.SearchStrategy[Data]:
    """Values of the declared type, with any contents."""
    match kind:
        case Array():
            return st.lists(fitting(kind.member), max_size=3).map(Data.array)
        case Structure():
            return st.tuples(*map(fitting, kind.members.values())).map(Data.structure)
        case Choice():
            return st.one_of(*map(fitting, kind.alternatives))
        case MomentKind():
            return strings(len(kind.unset)) | fixed(kind.own_tag)
        case Enumeration() if kind.labels:
            return st.sampled_from(sorted(kind.labels)).map(Data.enum) | fixed(Tag.ENUM)
        case LogicalName():
            return strings(6) | st.just(Data.octet_string(NAME))
        case Simple() if kind.tag in FIXED:
            return fixed(kind.tag)
        case Simple() if kind.length is None and kind.tag != Tag.BIT_STRING:
            return strings(tag=kind.tag)
    return values


def view_of(declared: type[InterfaceClass]) -> tuple[ObjectView, list]:
    tree = ObjectTree([declared(NAME)], clock=StandingClock())
    rights = ObjectRights(
        dict.fromkeys(declared.attributes, AccessMode.READ_WRITE), dict.fromkeys(declared.methods, AccessMode.ACCESS)
    )
    faults: list = []
    return ObjectView(tree, Role("all", {(declared.class_id, NAME): rights}), fault=lambda *fault: faults.append(fault)), faults


@pytest.mark.case("R-074")
@pytest.mark.parametrize("key", DECLARED, ids=str)
@settings(max_examples=8)
@given(data=st.data())
def test_no_value_makes_an_object_fail(key: tuple[int, int], data: st.DataObject) -> None:
    declared = DECLARED[key]
    view, faults = view_of(declared)

    def hostile(kind: Any) -> Data:
        return data.draw(fitting(kind) if data.draw(st.integers(0, 3)) else values)

    for number, attribute in declared.attributes.items():
        view.set(key[0], NAME, number, hostile(attribute.kind))
    for number, method in declared.methods.items():
        view.action(key[0], NAME, number, hostile(method.parameter_kind))
    for number, attribute in declared.attributes.items():
        view.get(key[0], NAME, number)
        for selector in attribute.selectors:
            view.get(key[0], NAME, number, selector, data.draw(values))
    assert faults == []
