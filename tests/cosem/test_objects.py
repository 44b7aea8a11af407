"""The objects of a logical device: names, order, time, and what a capture takes from them."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes import data as data_class
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.extended_register import ExtendedRegister
from dlmskit.cosem.classes.iec_local_port_setup import IecLocalPortSetup
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.selective import CaptureObject
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis
from tests.cosem.peers import StandingClock

ENERGY = Obis("1.0.1.8.0.255")


@pytest.fixture
def tree() -> ObjectTree:
    return ObjectTree(
        [
            ExtendedRegister(ENERGY, value=Data.double_long_unsigned(9)),
            Register(ENERGY, value=Data.double_long_unsigned(5), scaler_unit=(-1, 30)),
            data_class.Data("0.0.42.0.0.255", value=Data.octet_string(b"ABC0000001")),
            IecLocalPortSetup("0.0.20.0.0.255", pass_p1=b"secret"),
        ]
    )


def test_two_classes_may_share_a_logical_name(tree: ObjectTree) -> None:
    assert [one.class_id for one in tree.at(ENERGY)] == [3, 4]
    assert tree.get(3, ENERGY).get(2) == Data.double_long_unsigned(5)
    assert tree.get(4, ENERGY).get(2) == Data.double_long_unsigned(9)
    with pytest.raises(ConfigError, match="two objects"):
        tree.add(Register(ENERGY))


def test_order_and_membership(tree: ObjectTree) -> None:
    assert [(str(one.obis), one.class_id) for one in tree] == [
        ("0.0.20.0.0.255", 19),
        ("0.0.42.0.0.255", 1),
        ("1.0.1.8.0.255", 3),
        ("1.0.1.8.0.255", 4),
    ]
    assert len(tree) == 4
    assert (3, ENERGY) in tree
    assert [one.class_id for one in tree.of(Register)] == [3]
    gone = tree.remove((3, ENERGY))
    assert (3, ENERGY) not in tree
    assert [one.class_id for one in tree] == [19, 1, 4]
    tree.add(gone)
    assert len(tree) == 4


@pytest.mark.parametrize(
    ("class_id", "name", "code"),
    [
        (3, "1.0.9.9.9.255", DataAccessResult.OBJECT_UNDEFINED),
        (8, "1.0.1.8.0.255", DataAccessResult.OBJECT_CLASS_INCONSISTENT),
    ],
)
def test_what_is_not_there(tree: ObjectTree, class_id: int, name: str, code: DataAccessResult) -> None:
    with pytest.raises(ServiceError) as refusal:
        tree.get(class_id, Obis(name))
    assert refusal.value.code == code


def test_the_time_is_that_of_the_clock_object() -> None:
    assert ObjectTree().now() == CosemDateTime.of()
    tree = ObjectTree(clock=StandingClock())
    assert str(tree.now()) == "2024-01-15 12:00:00 +00:00"
    tree.add(Clock(time_zone=-60))
    assert str(tree.now()) == "2024-01-15 13:00:00 +01:00"


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (CaptureObject(3, ENERGY, 2), Data.double_long_unsigned(5)),
        (CaptureObject(3, ENERGY, 3, 1), Data.integer(-1)),
        (CaptureObject(3, ENERGY, 3, 2), Data.enum(30)),
        (CaptureObject(3, ENERGY, 3, 3), Data.null()),
        (CaptureObject(3, ENERGY, 2, 1), Data.null()),
        (CaptureObject(3, ENERGY, 9), Data.null()),
        (CaptureObject(8, ENERGY, 2), Data.null()),
        (CaptureObject(1, Obis("0.0.42.0.0.255"), 0), None),
    ],
)
def test_what_a_capture_takes(tree: ObjectTree, wanted: CaptureObject, taken: Data | None) -> None:
    if taken is None:
        taken = Data.structure([Data.octet_string(Obis("0.0.42.0.0.255")), Data.octet_string(b"ABC0000001")])
    assert tree.captured(wanted) == taken


@pytest.mark.case("R-041")
def test_a_capture_takes_no_secret(tree: ObjectTree) -> None:
    port = Obis("0.0.20.0.0.255")
    assert tree.captured(CaptureObject(19, port, 7)) == Data.null()
    elements = tree.captured(CaptureObject(19, port, 0)).elements()
    assert len(elements) == 9
    assert elements[0] == Data.octet_string(port)
    assert elements[6:] == (Data.null(),) * 3
