"""Scripts run in order, stop at the first failure, and never call themselves."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.disconnect_control import DisconnectControl
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

SWITCH, TARIFF, SCRIPTS = Obis("0.0.96.3.10.255"), Obis("0.0.96.14.0.255"), Obis("0.0.10.0.106.255")
WRITE, EXECUTE = 1, 2


def action(service: int, class_id: int, name: Obis, index: int, parameter: Data) -> tuple:
    return (service, class_id, name, index, parameter)


def tariff(number: int) -> tuple:
    return action(WRITE, 1, TARIFF, 2, Data.unsigned(number))


OFF = action(EXECUTE, 70, SWITCH, 1, Data.integer(0))
ON = action(EXECUTE, 70, SWITCH, 2, Data.integer(0))


def table(*scripts: tuple[int, list[tuple]]) -> ScriptTable:
    tree = ObjectTree([DataObject(TARIFF, value=Data.unsigned(0)), DisconnectControl(SWITCH, control_mode=4)])
    return tree.add(ScriptTable(SCRIPTS, scripts=list(scripts)))


def state(one: ScriptTable) -> tuple[int, int]:
    return one.tree.get(1, TARIFF).get(2).value, one.tree.get(70, SWITCH).get(3).value


def test_actions_in_order() -> None:
    one = table((1, [OFF, tariff(1)]), (2, [tariff(2), ON, tariff(3)]))
    one.action(1, Data.long_unsigned(1))
    assert state(one) == (1, 0)
    one.action(1, Data.long_unsigned(2))
    assert state(one) == (3, 1)


def test_the_first_failure_ends_the_script_and_undoes_nothing() -> None:
    one = table((1, [tariff(7), ON, tariff(8)]))  # connected already
    with pytest.raises(ServiceError) as refusal:
        one.action(1, Data.long_unsigned(1))
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert state(one) == (7, 1)


@pytest.mark.parametrize("number", [0, 9])
def test_scripts_that_are_none(number: int) -> None:
    one = table((0, [tariff(1)]), (1, []))
    with pytest.raises(ServiceError) as refusal:
        one.action(1, Data.long_unsigned(number))
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert state(one) == (0, 1)


def test_a_script_cannot_call_itself() -> None:
    one = table((1, [tariff(5), action(EXECUTE, 9, SCRIPTS, 1, Data.long_unsigned(1))]))
    with pytest.raises(ServiceError) as refusal:
        one.action(1, Data.long_unsigned(1))
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    with pytest.raises(ServiceError):
        one.action(1, Data.long_unsigned(1))  # and is free again afterwards
    assert state(one) == (5, 1)


def test_targets_that_are_not_there() -> None:
    one = table((1, [action(WRITE, 1, Obis("0.0.1.1.1.255"), 2, Data.null())]))
    with pytest.raises(ServiceError) as refusal:
        one.action(1, Data.long_unsigned(1))
    assert refusal.value.code == DataAccessResult.OBJECT_UNDEFINED
