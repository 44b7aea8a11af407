"""A client may strengthen the policy, never weaken it; what is not implemented says so."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.classes.security_setup import SecuritySetup, SecuritySetupV0
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import ObjectView
from dlmskit.types.enums import ActionResult, DataAccessResult


def client(version: type[SecuritySetupV0], policy: int) -> ObjectView:
    tree = ObjectTree([version("0.0.43.0.0.255", security_policy=policy)])
    return ObjectView(tree, tree.full_role("all"))


@pytest.mark.parametrize(
    ("version", "before", "after", "allowed"),
    [
        (SecuritySetupV0, 0, 1, True),
        (SecuritySetupV0, 1, 3, True),
        (SecuritySetupV0, 3, 1, False),
        (SecuritySetupV0, 1, 2, False),
        (SecuritySetupV0, 0, 4, False),
        (SecuritySetup, 0x00, 0x6C, True),
        (SecuritySetup, 0x24, 0x6C, True),
        (SecuritySetup, 0x6C, 0x6C, True),
        (SecuritySetup, 0x6C, 0x24, False),
        (SecuritySetup, 0x24, 0x48, False),
        (SecuritySetup, 0x00, 0x01, False),
    ],
)
def test_a_policy_only_becomes_stronger(version: type[SecuritySetupV0], before: int, after: int, allowed: bool) -> None:
    view = client(version, before)
    (one,) = view.tree
    result = view.set(*one.key, 2, Data.enum(after)).result
    assert result == (DataAccessResult.SUCCESS if allowed else DataAccessResult.OTHER_REASON)
    assert one.get(2) == Data.enum(after if allowed else before)


def test_the_device_itself_may_set_any_policy() -> None:
    one = SecuritySetup("0.0.43.0.0.255", security_policy=0x6C)
    one.security_policy = 0
    assert one.policy == AccessMode.NONE
    assert SecuritySetupV0("0.0.43.0.0.255", security_policy=2).policy == 0x48


@pytest.mark.parametrize("number", range(1, 9))
def test_methods_are_absent(number: int) -> None:
    view = client(SecuritySetup, 0)
    (one,) = view.tree
    assert view.action(*one.key, number, Data.null()).result == ActionResult.OBJECT_UNAVAILABLE
    assert view.visible()[0][2].methods == {}
