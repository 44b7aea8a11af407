"""What an association says about itself, and what it never says."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import Protection, Role
from dlmskit.cosem.classes.association_ln import (
    AssociationLn,
    AssociationLnV0,
    AssociationStatus,
    application_context_name,
    mechanism_name,
)
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import CURRENT_ASSOCIATION
from dlmskit.errors import ServiceError
from dlmskit.types.enums import ActionResult, DataAccessResult

KEY = (15, CURRENT_ASSOCIATION)


@pytest.fixture
def own() -> AssociationLn:
    return ObjectTree().add(AssociationLn(role=Role("reader"), associated_partners_id=(32, 1), secret=b"12345678"))


def test_the_values_of_a_living_association(own: AssociationLn) -> None:
    own.application_context_name = application_context_name(3)
    own.authentication_mechanism_name = mechanism_name(5)
    own.association_status = AssociationStatus.ASSOCIATED
    own.xdlms_context_info = ("0" * 24, 512, 1024, 6, 0, b"")
    view = own.view()
    assert view.get(*KEY, 3).data == Data.structure([Data.integer(32), Data.long_unsigned(1)])
    assert own.application_context_name == (2, 16, 756, 5, 8, 1, 3)
    assert own.authentication_mechanism_name == (2, 16, 756, 5, 8, 2, 5)
    assert own.xdlms_context_info.max_receive_pdu_size == 512
    assert view.get(*KEY, 8).data == Data.enum(2)
    # The octets of 2.16.756.5.8.1.1 as a structure, as printed for class 15.
    assert application_context_name(1).octets.hex() == "02071102111012" + "02f4" + "11051108" + "11011101"


@pytest.mark.parametrize("version", [AssociationLnV0, AssociationLn])
def test_the_secret_is_never_read(version: type[AssociationLnV0]) -> None:
    own = ObjectTree().add(version())
    own.set(7, Data.octet_string(b"12345678"))
    view = own.view()
    assert view.get(*KEY, 7).result == DataAccessResult.READ_WRITE_DENIED
    whole = view.get(*KEY, 0).data
    assert whole is not None
    assert b"12345678" not in whole.octets
    assert own.stored(7) == Data.octet_string(b"12345678")


def test_a_new_secret_goes_to_its_keeper(own: AssociationLn) -> None:
    kept: list[bytes] = []
    view = own.view().under(Protection.AUTHENTICATED | Protection.ENCRYPTED)
    assert view.action(*KEY, 2, Data.octet_string(b"x")).result == ActionResult.OBJECT_UNAVAILABLE
    own.on_new_secret = kept.append
    assert view.action(*KEY, 2, Data.octet_string(b"new")).result == ActionResult.SUCCESS
    assert view.set(*KEY, 7, Data.octet_string(b"newer")).result == DataAccessResult.SUCCESS
    for weaker in (Protection.NONE, Protection.AUTHENTICATED, Protection.ENCRYPTED | Protection.SIGNED):
        assert view.under(weaker).action(*KEY, 2, Data.octet_string(b"x")).result == ActionResult.READ_WRITE_DENIED
        assert view.under(weaker).set(*KEY, 7, Data.octet_string(b"x")).result == DataAccessResult.READ_WRITE_DENIED
    assert kept == [b"new", b"newer"]
    assert own.stored(7) == Data.octet_string(b"12345678")


def test_pass_3_and_4_go_through_the_hook(own: AssociationLn) -> None:
    assert own.view().action(*KEY, 1, Data.octet_string(b"f(StoC)")).result == ActionResult.OBJECT_UNAVAILABLE

    def reply(response: bytes) -> bytes:
        if response != b"f(StoC)":
            raise ServiceError(DataAccessResult.OTHER_REASON)
        return b"f(CtoS)"

    own.on_hls_reply = reply
    given = own.view().action(*KEY, 1, Data.octet_string(b"f(StoC)"))
    assert (given.result, given.data) == (ActionResult.SUCCESS, Data.octet_string(b"f(CtoS)"))
    assert own.view().action(*KEY, 1, Data.octet_string(b"guess")).result == ActionResult.OTHER_REASON


def test_users(own: AssociationLn) -> None:
    own.add_user((1, "Ada"))
    own.action(5, Data.structure([Data.unsigned(2), Data.visible_string("Bob")]))
    own.action(5, Data.structure([Data.unsigned(1), Data.visible_string("Eve")]))
    assert own.user_list == [(2, "Bob"), (1, "Eve")]
    own.action(6, Data.structure([Data.unsigned(2), Data.visible_string("Bob")]))
    assert own.user_list == [(1, "Eve")]


@pytest.mark.parametrize("number", [3, 4])
def test_objects_are_not_added_by_clients(own: AssociationLn, number: int) -> None:
    assert own.view().action(*KEY, number, Data.null()).result == ActionResult.OBJECT_UNAVAILABLE
