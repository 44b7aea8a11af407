"""Numbers of an enumeration without a meaning are refused wherever they stand, and manufacturers keep their own."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.codec.notation import parse_kind
from dlmskit.cosem.classes.auto_connect import AutoConnect
from dlmskit.cosem.classes.push_setup import PushSetup
from dlmskit.cosem.enumerations import is_labelled, unlabelled
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

NESTED = (
    "structure{a:array<structure{mode:enum{0=off,1=on},rest:any}>,b:choice{null-data,enum{7=seven},array<enum{1=one}>},c:enum}"
)


def nested(mode: int, choice: Data, free: int = 99) -> Data:
    row = Data.structure((Data.enum(mode), Data.null()))
    return Data.structure((Data.array((row, row)), choice, Data.enum(free)))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (nested(1, Data.null()), []),
        (nested(2, Data.null()), [("mode", 2), ("mode", 2)]),
        (nested(0, Data.enum(7)), []),
        (nested(0, Data.enum(8)), [("b", 8)]),
        (nested(0, Data.array((Data.enum(1), Data.enum(2)))), [("b", 2)]),
    ],
)
def test_strangers_are_found_with_their_member(value: Data, found: list[tuple[str, int]]) -> None:
    kind = parse_kind(NESTED)
    kind.check(value)
    assert list(unlabelled(kind, value)) == found


@pytest.mark.parametrize(
    ("notation", "labelled"),
    [
        (NESTED, True),
        ("enum", False),
        ("array<enum{1=one}>", True),
        ("structure{a:enum,b:any}", False),
        ("choice{null-data,enum}", False),
    ],
)
def test_which_types_have_meanings_in_them(notation: str, labelled: bool) -> None:
    assert is_labelled(parse_kind(notation)) is labelled


@pytest.mark.parametrize(
    ("service", "message", "taken"), [(0, 0, True), (200, 128, True), (11, 0, False), (0, 2, False), (128, 0, False)]
)
def test_a_set_refuses_what_the_class_has_not(service: int, message: int, taken: bool) -> None:
    push = PushSetup()
    before = push.get(3)
    value = Data.structure((Data.enum(service), Data.octet_string(b"127.0.0.1:4059"), Data.enum(message)))
    if taken:
        push.set(3, value)
        assert push.get(3) == value
        return
    with pytest.raises(ServiceError, match="no value") as refusal:
        push.set(3, value)
    assert (refusal.value.code, push.get(3)) == (DataAccessResult.OTHER_REASON, before)


def test_an_enumeration_alone() -> None:
    one = AutoConnect("0.0.2.1.0.255")
    one.set(2, Data.enum(200))
    with pytest.raises(ServiceError, match="no value 50"):
        one.set(2, Data.enum(50))
