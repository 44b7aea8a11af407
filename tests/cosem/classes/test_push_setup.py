"""The body of a push: values in the order of the list, null-data for what the receiver may not read."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, ObjectRights, Role
from dlmskit.cosem.classes.push_setup import PushSetup, PushSetupV0
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.selective import CaptureObject
from dlmskit.cosem.view import ObjectView
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

ENERGY, HIDDEN, PUSH = Obis("1.0.1.8.0.255"), Obis("1.0.2.8.0.255"), Obis("0.0.25.9.0.255")
LIST = [CaptureObject(40, PUSH, 1), CaptureObject(3, ENERGY, 2), CaptureObject(3, HIDDEN, 2), CaptureObject(3, ENERGY, 3, 2)]
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


def test_the_newest_version_has_restrictions_and_columns() -> None:
    tree = ObjectTree([Register(ENERGY, value=Data.long(5))])
    one = tree.add(PushSetup(push_object_list=[(*LIST[1], NONE, [])]))
    assert one.body() == Data.structure([Data.long(5)])
    one.push_object_list = [(*LIST[1], (2, (1, 5)), [])]
    with pytest.raises(ServiceError) as refusal:
        one.body()
    assert refusal.value.code == DataAccessResult.OTHER_REASON


def test_reset_tells_the_sender() -> None:
    one = PushSetup()
    one.action(2)
    told: list[bool] = []
    one.on_reset = lambda: told.append(True)
    one.action(2)
    assert told == [True]
