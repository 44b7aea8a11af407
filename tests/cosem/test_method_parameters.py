"""What a method takes is what its declaration says: type, range, numbers of enumerations; refused before anything has happened.

The cases come from the declarations: for every class, every enumeration in a parameter or a writable attribute is given a number
that the class does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dlmskit.codec.containers import Array, Choice, Structure
from dlmskit.codec.data import Data
from dlmskit.codec.kinds import Enumeration, Kind
from dlmskit.cosem.access import Protection
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.domain import Domain
from dlmskit.cosem.enumerations import unlabelled
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import ObjectView
from dlmskit.errors import ServiceError
from dlmskit.types.enums import ActionResult, DataAccessResult
from dlmskit.types.obis import Obis
from tests.cosem.standard_classes import STANDARD

NAME = Obis("0.0.96.1.0.255")
MANAGED = 128
"""A number that the tested class leaves to manufacturers."""


def known(kind: Kind) -> Data:
    """A value that the class has, with an element in every array."""
    if isinstance(kind, Array):
        return Data.array((known(kind.member),))
    return Data.structure(map(known, kind.members.values())) if isinstance(kind, Structure) else kind.default()


def strange(kind: Kind, taken: range | dict[str, range], name: str = "") -> Iterator[Data]:
    """The same with one number that the class does not have, in each place where there can be one."""
    if isinstance(kind, Enumeration) and kind.labels:
        own = taken.get(name, range(0)) if isinstance(taken, dict) else taken
        yield Data.enum(next(number for number in range(256) if number not in kind.labels and number not in own))
    elif isinstance(kind, Array):
        yield from (Data.array((known(kind.member), one)) for one in strange(kind.member, taken, name))
    elif isinstance(kind, Structure):
        members = [known(member) for member in kind.members.values()]
        for at, (member_name, member) in enumerate(kind.members.items()):
            for one in strange(member, taken, member_name):
                yield Data.structure((*members[:at], one, *members[at + 1 :]))
    elif isinstance(kind, Choice):
        yield from (one for alternative in kind.alternatives for one in strange(alternative, taken, name))


def cases(domain: Domain) -> list[Data]:
    found: Any = domain.manufacturer
    return list(strange(domain.kind, found))


METHODS = [
    (key, number)
    for key, declared in STANDARD.items()
    for number, one in declared.methods.items()
    if one.domain.labelled and not one.absent
]
ATTRIBUTES = [
    (key, number) for key, declared in STANDARD.items() for number, one in declared.attributes.items() if one.domain.labelled
]


class Body:
    """In place of the function of a method."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def __call__(self, parameter: Any, **_: object) -> Data:
        self.given.append(parameter)
        return Data.null()


def test_there_is_something_to_test() -> None:
    assert {(30, 0), (48, 0), (64, 0), (64, 1)} == {key for key, _ in METHODS}
    assert len(ATTRIBUTES) > 100


@pytest.mark.parametrize(("key", "number"), METHODS, ids=str)
def test_no_method_runs_with_a_number_that_its_class_does_not_have(key: tuple[int, int], number: int) -> None:
    one = STANDARD[key](NAME)
    declared, body = one.methods[number], Body()
    setattr(one, declared.python_name, body)
    tree = ObjectTree([one])
    view = ObjectView(tree, tree.full_role("management"), found=Protection(7))
    before = {at: one.stored(at) for at in one.attributes}
    wrong = cases(declared.domain)
    assert wrong
    for parameter in wrong:
        assert any(unlabelled(declared.parameter_kind, parameter))
        assert view.action(*one.key, number, parameter).result == ActionResult.OTHER_REASON, parameter
    assert view.action(*one.key, number, Data.double_long(1)).result == ActionResult.TYPE_UNMATCHED
    assert view.action(*one.key, number).result == ActionResult.TYPE_UNMATCHED
    assert body.given == []
    assert {at: one.stored(at) for at in one.attributes} == before
    view.action(*one.key, number, known(declared.parameter_kind))
    assert len(body.given) == 1, "with numbers that the class has it does"


@pytest.mark.parametrize(("key", "number"), ATTRIBUTES, ids=str)
def test_no_attribute_takes_a_number_that_its_class_does_not_have(key: tuple[int, int], number: int) -> None:
    one = STANDARD[key](NAME)
    before = one.stored(number)
    wrong = cases(one.attribute(number).domain)
    assert wrong
    for value in wrong:
        with pytest.raises(ServiceError, match="no value") as refusal:
            one.set(number, value)
        assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert one.stored(number) == before


class Siren(InterfaceClass, class_id=8290, version=0, name="Siren"):
    """A class of a manufacturer."""

    log = attribute(2, "array<any>", default=[])

    @method(1, "enum{0=off,1=on}", manufacturer=range(MANAGED, 256))
    def sound(self, mode: int) -> None:
        """One enumeration."""
        self.log = [*self.log, Data.enum(mode)]

    @method(2, "structure{tone:enum{0=low,1=high},lamp:enum{0=off,1=on}}", manufacturer={"tone": range(MANAGED, 256)})
    def signal(self, wanted: Any) -> None:
        """Two, of which one has numbers of the manufacturer."""
        self.log = [*self.log, *map(Data.enum, wanted)]

    @method(3, "unsigned", within=(1, 10))
    def repeat(self, times: int) -> None:
        """A range."""
        self.log = [*self.log, Data.unsigned(times)]


def signal(tone: int, lamp: int) -> Data:
    return Data.structure((Data.enum(tone), Data.enum(lamp)))


@pytest.mark.parametrize(
    ("number", "parameter", "taken"),
    [
        (1, Data.enum(1), True),
        (1, Data.enum(MANAGED), True),
        (1, Data.enum(2), False),
        (1, Data.enum(MANAGED - 1), False),
        (2, signal(MANAGED, 1), True),
        (2, signal(1, MANAGED), False),
        (2, signal(2, 1), False),
        (3, Data.unsigned(1), True),
        (3, Data.unsigned(10), True),
        (3, Data.unsigned(0), False),
        (3, Data.unsigned(11), False),
    ],
)
def test_numbers_of_a_manufacturer_and_ranges(number: int, parameter: Data, taken: bool) -> None:
    siren = Siren(NAME)
    if taken:
        siren.action(number, parameter)
        assert siren.log
        return
    with pytest.raises(ServiceError) as refusal:
        siren.action(number, parameter)
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert siren.log == []


@pytest.mark.parametrize(("seconds", "taken"), [(-900, True), (900, True), (-901, False), (901, False)])
def test_a_clock_is_shifted_by_a_quarter_of_an_hour_at_most(seconds: int, taken: bool) -> None:
    body, clock = Body(), Clock("0.0.1.0.0.255")
    clock.shift_time = body  # type: ignore[assignment]
    if taken:
        clock.action(6, Data.long(seconds))
    else:
        with pytest.raises(ServiceError, match=r"-900\.\.900"):
            clock.action(6, Data.long(seconds))
    assert body.given == ([seconds] if taken else [])
