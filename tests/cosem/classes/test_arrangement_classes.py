"""Status mapping, arbitrator, function control, array manager."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, ObjectRights, Role
from dlmskit.cosem.classes.arbitrator import Arbitrator
from dlmskit.cosem.classes.array_manager import ArrayManager
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.function_control import FunctionControl
from dlmskit.cosem.classes.special_days_table import SpecialDaysTable
from dlmskit.cosem.classes.status_mapping import StatusMapping
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import ObjectView
from dlmskit.errors import ServiceError
from dlmskit.types.bits import BitString
from dlmskit.types.datetime import CosemDate
from dlmskit.types.enums import ActionResult
from dlmskit.types.obis import Obis
from tests.cosem.living import SCRIPTS, Living

# --- status mapping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "mapping", "expected"),
    [
        (Data.bit_string("101"), Data.long_unsigned(40), {40: True, 41: False, 42: True}),
        (Data.unsigned(0x81), Data.array([Data.long_unsigned(5), Data.long_unsigned(9)]), {5: True, 9: False}),
        (Data.octet_string(b"\x40"), Data.long_unsigned(0), {0: False, 1: True, **dict.fromkeys(range(2, 8), False)}),
    ],
)
def test_bits_by_number(word: Data, mapping: Data, expected: dict[int, bool]) -> None:
    one = StatusMapping("0.0.96.5.0.255", status_word=word, mapping_table=Data.structure([Data.unsigned(1), mapping]))
    assert one.entries() == expected


# --- arbitrator -----------------------------------------------------------------------------------------------------------


def arbitrator(*weights: list[int]) -> tuple[Living, Arbitrator]:
    one = Arbitrator(
        "0.0.96.3.20.255",
        actions=[(SCRIPTS, 1), (SCRIPTS, 2)],
        permissions_table=[BitString("11"), BitString("10")],
        weightings_table=list(weights or ([1, 5], [3, 9])),
    )
    return Living(one), one


def request(actor: int, bits: str) -> Data:
    return Data.structure([Data.unsigned(actor), Data.bit_string(bits)])


def test_the_heaviest_action_wins() -> None:
    device, one = arbitrator()
    one.action(1, request(0, "01"))
    assert (one.last_outcome, device.ran[-1][1]) == (2, 2)
    one.action(1, request(0, "10"))
    assert one.last_outcome == 1
    one.action(1, request(1, "10"))
    assert one.most_recent_requests_table == [BitString("10"), BitString("10")]
    one.action(2, Data.integer(0))
    assert (one.last_outcome, one.most_recent_requests_table) == (0, [])


def test_what_an_actor_may_not_ask_for_is_left_out() -> None:
    device, one = arbitrator()
    one.action(1, request(1, "01"))
    assert (one.last_outcome, device.ran) == (0, [])


def test_of_equals_none_is_taken() -> None:
    device, one = arbitrator([4, 4], [0, 0])
    one.action(1, request(0, "11"))
    assert (one.last_outcome, device.ran) == (0, [])


def test_an_unknown_actor() -> None:
    _, one = arbitrator()
    with pytest.raises(ServiceError):
        one.action(1, request(2, "11"))
    assert one.most_recent_requests_table == []


# --- function control -----------------------------------------------------------------------------------------------------


def function(name: bytes, *parts: tuple[int, str]) -> Data:
    return FunctionControl.attribute(3).kind.encode([(name, list(parts))]).elements()[0]


def status(**functions: bool) -> Data:
    return FunctionControl.attribute(2).kind.encode([(name.encode(), on) for name, on in functions.items()])


def test_functions_are_added_switched_and_removed() -> None:
    one = FunctionControl("0.0.44.1.0.255")
    one.action(2, function(b"tariff", (20, "0.0.13.0.0.255")))
    one.action(2, function(b"push", (40, "0.0.25.9.0.255")))
    assert one.get(2) == status(tariff=False, push=False)
    assert not one.is_active(20, Obis("0.0.13.0.0.255"))
    assert one.is_active(3, Obis("1.0.1.8.0.255")), "an object of no function works"
    one.action(1, status(tariff=True))
    assert one.is_active(20, Obis("0.0.13.0.0.255"))
    one.action(2, function(b"tariff"))
    assert one.get(2) == status(push=False, tariff=True), "a function that is changed stays as it was switched"
    one.action(3, function(b"push"))
    assert one.get(2) == status(tariff=True)


def test_an_unknown_function_switches_none() -> None:
    one = FunctionControl("0.0.44.1.0.255")
    one.action(2, function(b"tariff"))
    with pytest.raises(ServiceError):
        one.action(1, status(tariff=True, other=True))
    assert one.get(2) == status(tariff=False)


# --- array manager --------------------------------------------------------------------------------------------------------

DAYS = "0.0.11.0.0.255"


@pytest.fixture
def manager() -> ArrayManager:
    days = SpecialDaysTable(DAYS, entries=[(number, CosemDate.of(2030, 1, number), number) for number in (1, 2, 3)])
    number = DataObject("0.0.96.1.0.255", value=Data.unsigned(1))
    made = ArrayManager("0.0.44.3.0.255", array_object_list=[(1, (11, DAYS, 2)), (2, (1, "0.0.96.1.0.255", 2))])
    ObjectTree([made, days, number])
    return made


def part(first: int, last: int, array: int = 1) -> Data:
    return Data.structure([Data.unsigned(array), Data.structure([Data.long_unsigned(first), Data.long_unsigned(last)])])


def entry(index: int, day: int) -> Data:
    element = SpecialDaysTable.attribute(2).kind.encode([(day, CosemDate.of(2030, 2, day), day)]).elements()[0]
    return Data.structure([Data.unsigned(1), Data.structure([Data.long_unsigned(index), element])])


def days_of(manager: ArrayManager) -> list[int]:
    return [one.index for one in manager.tree.of(SpecialDaysTable)[0].entries]


def test_elements_are_read(manager: ArrayManager) -> None:
    assert manager.action(1, Data.unsigned(1)) == Data.long_unsigned(3)
    found = manager.action(2, part(2, 0))
    assert found is not None
    assert [element.elements()[0].value for element in found.elements()] == [2, 3]


def test_elements_are_changed(manager: ArrayManager) -> None:
    manager.action(3, entry(1, 10))
    manager.action(3, entry(0, 11))
    manager.action(4, entry(3, 12))
    assert days_of(manager) == [10, 1, 12, 3, 11]
    manager.action(5, part(2, 4))
    assert days_of(manager) == [10, 11]


@pytest.mark.parametrize(
    ("number", "parameter"),
    [
        (1, Data.unsigned(9)),
        (1, Data.unsigned(2)),
        (2, part(0, 1)),
        (2, part(3, 2)),
        (2, part(1, 4)),
        (3, entry(5, 1)),
        (4, entry(0, 1)),
        (4, entry(4, 1)),
        (5, part(4, 4)),
        (3, Data.structure([Data.unsigned(1), Data.structure([Data.long_unsigned(1), Data.unsigned(1)])])),
    ],
)
def test_what_is_not_there_changes_nothing(manager: ArrayManager, number: int, parameter: Data) -> None:
    with pytest.raises(ServiceError):
        manager.action(number, parameter)
    assert days_of(manager) == [1, 2, 3]


@pytest.mark.case("R-041")
def test_rights_on_the_array_count(manager: ArrayManager) -> None:
    methods = dict.fromkeys(range(1, 6), AccessMode.ACCESS)
    reader = {(11, Obis(DAYS)): ObjectRights({1: AccessMode.READ, 2: AccessMode.READ}, {})}
    role = Role("reader", {manager.key: ObjectRights({1: AccessMode.READ}, methods), **reader})
    view = ObjectView(manager.tree, role)
    assert view.action(*manager.key, 1, Data.unsigned(1)).result == ActionResult.SUCCESS
    assert view.action(*manager.key, 5, part(1, 1)).result == ActionResult.READ_WRITE_DENIED
    assert view.action(*manager.key, 1, Data.unsigned(2)).result == ActionResult.READ_WRITE_DENIED
    assert days_of(manager) == [1, 2, 3]
