"""Reads, writes and calls that belong together: one ACCESS where that was negotiated, else one after the other.

Both ways they are executed in the order given, and stop at the first refusal where that is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlmskit.apdu import (
    AccessRequestAction,
    AccessRequestGet,
    AccessRequestGetWithSelection,
    AccessRequestSet,
    AccessRequestSetWithSelection,
)
from dlmskit.apdu.access import AccessRequestSpecification
from dlmskit.association.client.access import AccessOutcome
from dlmskit.association.errors import InvocationCounterRefused
from dlmskit.client.directory import Code, MethodTarget, Target
from dlmskit.client.referencing import takes_access
from dlmskit.client.services import Selection, Services, descriptor_of, presented
from dlmskit.client.steps import Script
from dlmskit.codec.data import Data
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult


@dataclass(frozen=True, slots=True)
class Read:
    """Read an attribute."""

    obis: Code
    attribute: int | str = 2
    class_id: int | None = None
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """Write an attribute: a Python value in its declared type, or `Data`."""

    obis: Code
    attribute: int | str
    value: Any
    class_id: int | None = None
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Invoke a method."""

    obis: Code
    method: int | str
    parameter: Any = None
    class_id: int | None = None


Act = Read | Write | Call

_Prepared = tuple[AccessRequestSpecification, Data | None, Target | MethodTarget]


def in_order(services: Services, acts: Sequence[Act], *, break_on_error: bool = True, in_one: bool = True) -> Script[list[Any]]:
    """For each act what it gave (a value, None) or its ServiceError, in their order.

    ``break_on_error``: behind the first refusal nothing is executed; what was not has the result other-reason. ``in_one``
    False: each in a request of its own. Raises EncodeError and ConfigError before one request is sent, and whatever is not the
    refusal of one act.
    """
    if not in_one or not takes_access(services.association):
        return (yield from _one_by_one(services, acts, break_on_error=break_on_error))
    prepared: list[_Prepared] = []
    for act in acts:
        one = yield from _prepared(services, act)
        prepared.append(one)
    wanted, values, targets = [one for one, _, _ in prepared], [one for _, one, _ in prepared], [one for _, _, one in prepared]
    try:
        outcomes = yield from services.association.access(wanted, values, break_on_error=break_on_error)
    except InvocationCounterRefused as error:
        services.resynchronise(error)
        if any(not isinstance(act, Read) for act in acts):
            raise
        outcomes = yield from services.association.access(wanted, values, break_on_error=break_on_error)
    return [_result(target, outcome) for target, outcome in zip(targets, outcomes, strict=True)]


def _prepared(services: Services, act: Act) -> Script[_Prepared]:
    if isinstance(act, Call):
        method = services.directory.method(act.obis, act.method, act.class_id)
        return AccessRequestAction(method.descriptor), services.parameter(method, act.parameter), method
    target = services.directory.target(act.obis, act.attribute, act.class_id)
    selection = None if act.selection is None else descriptor_of(act.selection)
    if isinstance(act, Read):
        if selection is None:
            return AccessRequestGet(target.descriptor), None, target
        return AccessRequestGetWithSelection(target.descriptor, selection), None, target
    value = yield from services.encoded(target, act.value)
    if selection is None:
        return AccessRequestSet(target.descriptor), value, target
    return AccessRequestSetWithSelection(target.descriptor, selection), value, target


def _result(target: Target | MethodTarget, outcome: AccessOutcome) -> Any:
    if outcome.result:
        return target.refused(outcome.result)
    if isinstance(target, MethodTarget):
        return target.returned(outcome.data)
    return None if outcome.data == Data.null() else presented(target, outcome.data)


def _one_by_one(services: Services, acts: Sequence[Act], *, break_on_error: bool) -> Script[list[Any]]:
    found: list[Any] = []
    failed = False
    for act in acts:
        if failed and break_on_error:
            found.append(
                ServiceError(DataAccessResult.OTHER_REASON, str(act.obis), "not executed: something before it was refused")
            )
            continue
        try:
            found.append((yield from _alone(services, act)))
        except ServiceError as error:
            if type(error) is not ServiceError:  # not the act was refused, but the request
                raise
            failed = True
            found.append(error)
    return found


def _alone(services: Services, act: Act) -> Script[Any]:
    if isinstance(act, Read):
        return services.read(act.obis, act.attribute, act.class_id, act.selection)
    if isinstance(act, Write):
        return services.write(act.obis, act.attribute, act.value, act.class_id, act.selection)
    return services.call(act.obis, act.method, act.parameter, act.class_id)
