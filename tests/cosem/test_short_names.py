"""Short names: base names, offsets of attributes and methods, and what a name means to whom."""

from __future__ import annotations

import pytest

from dlmskit.cosem.classes.association_sn import AssociationSn, AssociationSnV0
from dlmskit.cosem.classes.data import Data
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_classes
from dlmskit.cosem.short_names import BaseNames, Named, method_offset, offsets, signed
from dlmskit.errors import ConfigError
from dlmskit.types.obis import Obis
from tests.vectors import document

TABLES = {(one["class_id"], one["version"]): one for one in document("cosem-classes")}


@pytest.mark.parametrize("key", sorted(set(TABLES) & set(interface_classes())), ids=str)
def test_offsets_are_those_of_the_class_tables(key: tuple[int, int]) -> None:
    declared, table = interface_classes()[key], TABLES[key]
    given = {word["id"]: int(word["sn_offset"], 16) for word in table.get("methods", ()) if word.get("sn_offset")}
    ours = {number: method_offset(declared, number) for number in declared.methods}
    assert {number: offset for number, offset in ours.items() if offset is not None} == {
        number: offset for number, offset in given.items() if ours.get(number) is not None
    }
    attributes = {word["id"]: 8 * (word["id"] - 1) for word in table["attributes"] if word["id"] > 0}
    assert {number: offset for offset, (number, is_method) in offsets(declared).items() if not is_method} == attributes


@pytest.mark.parametrize("key", [(3, 0), (7, 1), (8, 0), (9, 0), (12, 0), (12, 4), (15, 3), (18, 0), (64, 1), (70, 1)], ids=str)
def test_methods_have_short_names(key: tuple[int, int]) -> None:
    given = {word["id"]: int(word["sn_offset"], 16) for word in TABLES[key]["methods"]}
    declared = interface_classes()[key]
    assert {number: method_offset(declared, number) for number in declared.methods} == given


def test_attributes_that_grew_over_the_methods() -> None:
    """Push setup: what version 0 says about its methods cannot hold for version 1."""
    assert interface_classes()[40, 0].methods_at == 0x38
    assert interface_classes()[40, 1].methods_at is None
    assert len(offsets(interface_classes()[40, 1])) == len(interface_classes()[40, 1].attributes)


def test_a_name_for_everything_and_no_name_twice() -> None:
    objects = [Register(f"1.0.{c}.8.0.255") for c in range(1, 20)] + [Data("0.0.42.0.0.255"), AssociationSn("0.0.40.0.2.255")]
    tree = ObjectTree(objects)
    names = tree.base_names
    bases = [names.base_of(one.key) for one in tree]
    assert len(set(bases)) == len(objects)
    assert all(base is not None and base % 8 == 0 for base in bases)
    assert names.base_of((1, Obis("0.0.42.0.0.255"))) == 0xFD00
    for one in tree:
        base = names.base_of(one.key)
        assert base is not None
        for offset, (number, is_method) in offsets(type(one)).items():
            assert names.meaning(base + offset, AssociationSn) == Named(one.key, number, is_method)
    assert names.meaning(0x0104, AssociationSn) is None
    tree.add(Register("1.0.0.8.0.255"))
    assert tree.base_names is not names, "an object more is a name more"


def test_fa00_is_the_association_of_who_asks() -> None:
    own = (12, Obis("0.0.40.0.0.255"))
    names = BaseNames([])
    assert names.meaning(0xFA58, AssociationSnV0) == Named(own, 8, True)
    assert names.meaning(0xFA10, AssociationSn) == Named(own, 3, False)
    assert names.meaning(0xFA10, AssociationSnV0) is None
    assert (signed(0xFA00), signed(0x0100)) == (-1536, 0x100)


def test_more_objects_than_names() -> None:
    objects = [Register(Obis(bytes((1, 0, a, b, 0, 255)))) for a in range(40) for b in range(60)]
    with pytest.raises(ConfigError, match="too many objects"):
        BaseNames(objects)
