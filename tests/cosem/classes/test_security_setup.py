"""The security setup as an object: a policy only becomes stronger, lists of keys are whole, what guards is guarded itself."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, Protection
from dlmskit.cosem.classes.security_setup import SecuritySetup, SecuritySetupV0
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import ObjectView
from dlmskit.types.enums import ActionResult, DataAccessResult

BOTH = Protection.AUTHENTICATED | Protection.ENCRYPTED


def client(version: type[SecuritySetupV0], policy: int, found: Protection = BOTH) -> ObjectView:
    tree = ObjectTree([version("0.0.43.0.0.255", security_policy=policy)])
    return ObjectView(tree, tree.full_role("all")).under(found)


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
@pytest.mark.case("R-086")
def test_a_policy_only_becomes_stronger(version: type[SecuritySetupV0], before: int, after: int, allowed: bool) -> None:
    """By writing the attribute and by the method."""
    for act in (
        lambda view, *key: view.set(*key, 2, Data.enum(after)),
        lambda view, *key: view.action(*key, 1, Data.enum(after)),
    ):
        view = client(version, before)
        (one,) = view.tree
        assert (act(view, *one.key).result == 0) is allowed
        assert one.get(2) == Data.enum(after if allowed else before)


def test_the_device_itself_may_set_any_policy() -> None:
    one = SecuritySetup("0.0.43.0.0.255", security_policy=0x6C)
    one.security_policy = 0
    assert one.policy == AccessMode.NONE
    assert SecuritySetupV0("0.0.43.0.0.255", security_policy=2).policy == 0x48


@pytest.mark.parametrize("found", [Protection.NONE, Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.SIGNED])
@pytest.mark.case("R-078")
def test_less_than_authenticated_encryption_is_denied_to_every_role(found: Protection) -> None:
    view = client(SecuritySetup, 0, found)
    (one,) = view.tree
    parameters = {number: word.parameter_kind.default() for number, word in one.methods.items()}
    for number, parameter in parameters.items():
        assert view.action(*one.key, number, parameter).result == ActionResult.READ_WRITE_DENIED, number
    assert view.set(*one.key, 2, Data.enum(0x6C)).result == DataAccessResult.READ_WRITE_DENIED
    assert view.get(*one.key, 2).data == Data.enum(0)  # the policy is no secret


def test_nobody_keeps_its_keys() -> None:
    """Without a keeper nothing but the policy can be changed, and there are no certificates."""
    view = client(SecuritySetup, 0)
    (one,) = view.tree
    keys = one.methods[2].parameter_kind.encode([(0, bytes(24))])
    certificate = one.methods[7].parameter_kind.encode((0, (0, 0, bytes(8))))
    parameters = {2: keys, 3: keys, 4: Data.enum(0), 5: Data.enum(0), 6: Data.octet_string(b""), 7: certificate, 8: certificate}
    for number, parameter in parameters.items():
        assert view.action(*one.key, number, parameter).result == ActionResult.OBJECT_UNAVAILABLE, number
    assert view.get(*one.key, 6).data == Data.array([])


@pytest.mark.case("R-077")
@pytest.mark.parametrize("ids", [[], [4], [7], [0, 0], [0, 1, 2, 3, 0], [255]])
def test_lists_of_keys_that_no_keeper_ever_sees(ids: list[int]) -> None:
    for number in (2, 3):
        view = client(SecuritySetup, 0)
        (one,) = view.tree
        keys = Data.array(Data.structure((Data.enum(key_id), Data.octet_string(bytes(24)))) for key_id in ids)
        assert view.action(*one.key, number, keys).result == ActionResult.OTHER_REASON


@pytest.mark.case("R-077")
def test_version_0_has_no_master_key() -> None:
    view = client(SecuritySetupV0, 0)
    (one,) = view.tree
    keys = Data.array([Data.structure((Data.enum(3), Data.octet_string(bytes(24))))])
    assert view.action(*one.key, 2, keys).result == ActionResult.OTHER_REASON
