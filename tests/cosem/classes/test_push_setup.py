"""The body of a push: values in the order of the list, null-data for what the receiver may not read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, ObjectRights, Role
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.push_setup import PushSetup, PushSetupV0
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.selective import CaptureObject
from dlmskit.cosem.view import ObjectView
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

ENERGY, HIDDEN, PUSH = Obis("1.0.1.8.0.255"), Obis("1.0.2.8.0.255"), Obis("0.0.25.9.0.255")
LIST = [CaptureObject(40, PUSH, 1), CaptureObject(3, ENERGY, 2), CaptureObject(3, HIDDEN, 2), CaptureObject(3, ENERGY, 3, 2)]
LOAD = Obis("1.0.99.1.0.255")
COLUMNS = [CaptureObject(8, Obis("0.0.1.0.0.255"), 2), CaptureObject(3, ENERGY, 2)]
NONE = (0, None)


@pytest.fixture
def push() -> PushSetupV0:
    tree = ObjectTree(
        [Register(ENERGY, value=Data.long(5), scaler_unit=(0, 30)), Register(HIDDEN, value=Data.long(6)), PushSetupV0(PUSH)]
    )
    (one,) = tree.of(PushSetupV0)
    one.push_object_list = LIST
    return one


def test_the_body(push: PushSetupV0) -> None:
    assert push.body() == Data.structure([Data.octet_string(PUSH), Data.long(5), Data.long(6), Data.enum(30)])


@pytest.mark.case("R-041")
def test_the_receiver_gets_what_it_may_read(push: PushSetupV0) -> None:
    rights = {(3, ENERGY): ObjectRights({2: AccessMode.READ}), (40, PUSH): ObjectRights()}
    push.receiver = ObjectView(push.tree, Role("push", rights))
    assert push.body() == Data.structure([Data.octet_string(PUSH), Data.long(5), Data.null(), Data.null()])


def test_push_hands_the_body_on(push: PushSetupV0) -> None:
    with pytest.raises(ServiceError) as refusal:
        push.action(1, Data.integer(0))
    assert refusal.value.code == DataAccessResult.OBJECT_UNAVAILABLE
    sent: list[Data] = []
    push.on_push = sent.append
    push.action(1, Data.integer(0))
    assert sent == [push.body()]


def profile_tree() -> tuple[ObjectTree, PushSetup]:
    """A clock that moves on by a day for each of five rows, and a Push setup beside it."""
    clock = Clock(time_zone=0)
    profile = ProfileGeneric(LOAD, capture_objects=Data.array(c.to_data() for c in COLUMNS), profile_entries=10)
    tree = ObjectTree([clock, Register(ENERGY, value=Data.long(5)), profile])
    for day in range(1, 6):
        moment = Data.octet_string(CosemDateTime.from_datetime(datetime(2024, 5, day, 12, tzinfo=UTC)))
        profile.insert(Data.structure([moment, Data.long(day)]))
    return tree, tree.add(PushSetup())


def pushed(one: PushSetup, restriction: object, columns: list[CaptureObject]) -> list[Any]:
    one.push_object_list = [(7, LOAD, 2, 0, restriction, columns)]
    value = one.body().elements()[0]
    return [tuple(cell.value for cell in row.elements()) for row in value.elements()]


def dates(*days: int) -> tuple[int, tuple[bytes, ...]]:
    return (1, tuple(CosemDate.of(2024, 5, day).octets for day in days))


@pytest.mark.parametrize(
    ("restriction", "rows"),
    [(NONE, [1, 2, 3, 4, 5]), ((2, (2, 3)), [2, 3]), ((2, (4, 0)), [4, 5]), (dates(2, 4), [2, 3, 4]), (dates(5, 5), [5])],
)
def test_rows_and_columns_of_a_profile(restriction: object, rows: list[int]) -> None:
    _, one = profile_tree()
    assert pushed(one, restriction, [COLUMNS[1]]) == [(row,) for row in rows]
    whole = pushed(one, restriction, [])
    assert [row[1] for row in whole] == rows
    assert len(whole[0]) == 2


def test_an_open_date_is_an_open_end() -> None:
    _, one = profile_tree()
    assert pushed(one, (1, (b"\xff" * 5, CosemDate.of(2024, 5, 2).octets)), [COLUMNS[1]]) == [(1,), (2,)]


def test_data_index_takes_one_element() -> None:
    _, one = profile_tree()
    one.push_object_list = [(7, LOAD, 2, 2, (2, (3, 5)), [COLUMNS[1]])]
    assert one.body() == Data.structure([Data.structure([Data.long(4)])])


@pytest.mark.parametrize(
    "entry",
    [
        (3, ENERGY, 2, 0, (2, (1, 5)), []),
        (3, ENERGY, 2, 0, NONE, [CaptureObject(3, ENERGY, 2)]),
        (7, LOAD, 2, 0x1001, NONE, []),
        (7, LOAD, 2, 0, (1, (1, 2)), []),
        (7, LOAD, 2, 0, (1, None), []),
    ],
    ids=["restriction of a register", "columns of a register", "data index", "entries as dates", "no dates"],
)
def test_a_selection_that_cannot_be_made_is_refused(entry: tuple[object, ...]) -> None:
    _, one = profile_tree()
    with pytest.raises(ServiceError) as refusal:
        one.push_object_list = [entry]
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert one.push_object_list == []


def test_a_column_that_is_not_captured_stops_the_push() -> None:
    _, one = profile_tree()
    for restriction in (NONE, (2, (1, 2))):
        one.push_object_list = [(7, LOAD, 2, 0, restriction, [CaptureObject(3, HIDDEN, 2)])]
        with pytest.raises(ServiceError):
            one.body()


@pytest.mark.case("R-041")
def test_attribute_0_leaves_out_what_the_receiver_may_not_read() -> None:
    tree, one = profile_tree()
    one.push_object_list = [(3, ENERGY, 0, 0, NONE, [])]
    one.receiver = ObjectView(tree, Role("push", {(3, ENERGY): ObjectRights({2: AccessMode.READ})}))
    assert one.body() == Data.structure([Data.structure([Data.octet_string(ENERGY), Data.long(5), Data.null()])])


def test_reset_tells_the_sender() -> None:
    one = PushSetup()
    one.action(2)
    told: list[bool] = []
    one.on_reset = lambda: told.append(True)
    one.action(2)
    assert told == [True]
