"""Association SN: the lists that it makes of a role, and what its methods do, in every version."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AUTHENTICATED, AccessMode, ObjectRights, Protection, Role
from dlmskit.cosem.classes.association_sn import AssociationSn, AssociationSnV0
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.object_list import ListedName, read_access_rights
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_class
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

ENERGY, NAME, HIDDEN, CURRENT = Obis("1.0.1.8.0.255"), Obis("0.0.42.0.0.255"), Obis("0.0.96.1.0.255"), Obis("0.0.40.0.0.255")
VERSIONS = range(5)


def own(version: int = 4) -> AssociationSnV0:
    tree = ObjectTree(
        [Register(ENERGY, value=Data.unsigned(7)), DataObject(NAME, value=Data.octet_string(b"MMM1")), DataObject(HIDDEN)]
    )
    role = Role(
        "reader",
        {
            (3, ENERGY): ObjectRights({2: AccessMode.READ, 3: AccessMode.READ_WRITE | AUTHENTICATED}, {1: AccessMode.ACCESS}),
            (1, NAME): ObjectRights({2: AccessMode.READ}),
        },
    )
    made: Any = interface_class(12, version)("0.0.40.0.2.255", role=role)
    found: AssociationSnV0 = tree.add(made)
    return found


def names(data: Data) -> dict[str, int]:
    return {str(one.logical_name): one.base_name for one in map(ListedName.from_data, data.elements())}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_list_says_what_the_client_may_see(version: int) -> None:
    association = own(version)
    listed = names(association.view().get(12, CURRENT, 2).data or Data.null())
    assert listed == {
        str(CURRENT): 0xFA00,
        str(NAME): 0xFD00,
        str(ENERGY): association.tree.base_names.base_of((3, ENERGY)),
    }, "and nothing of what is hidden"


@pytest.mark.parametrize("version", VERSIONS[2:])
def test_rights_in_the_notation_of_the_version(version: int) -> None:
    association = own(version)
    data = association.view().get(12, CURRENT, 3).data or Data.null()
    rights = read_access_rights(data, 3 if version == 4 else 1)
    energy = rights[association.tree.base_names.base_of((3, ENERGY)) or 0]
    assert energy.attributes == {1: AccessMode.READ, 2: AccessMode.READ, 3: AccessMode.READ_WRITE | AUTHENTICATED}
    assert energy.methods == {1: AccessMode.ACCESS}
    assert set(rights) == {0xFA00, 0xFD00, association.tree.base_names.base_of((3, ENERGY))}
    with pytest.raises(DecodeError):
        read_access_rights(Data.array([Data.unsigned(1)]), 3)


@pytest.mark.parametrize(
    ("selector", "parameter", "found"),
    [
        (1, Data.null(), {CURRENT, NAME, ENERGY}),
        (2, Data.array([Data.long_unsigned(3), Data.long_unsigned(70)]), {ENERGY}),
        (3, Data.array([Data.structure((Data.long_unsigned(1), Data.octet_string(NAME.octets)))]), {NAME}),
        (4, Data.structure((Data.long_unsigned(3), Data.octet_string(ENERGY.octets))), {ENERGY}),
        (4, Data.structure((Data.long_unsigned(1), Data.octet_string(HIDDEN.octets))), set()),
    ],
)
def test_selective_access(selector: int, parameter: Data, found: set[Obis]) -> None:
    outcome = own().view().get(12, CURRENT, 2, selector, parameter)
    assert set(names(outcome.data or Data.null())) == {str(one) for one in found}


def test_a_selection_that_is_none() -> None:
    assert own().view().get(12, CURRENT, 2, 2, Data.unsigned(1)).result == DataAccessResult.TYPE_UNMATCHED
    assert own().view().get(12, CURRENT, 2, 9, Data.null()).result == DataAccessResult.SCOPE_OF_ACCESS_VIOLATED


@pytest.mark.parametrize("version", [0, 1])
def test_the_methods_of_the_first_versions(version: int) -> None:
    association = own(version)
    assert set(names(association.action(1, Data.array([Data.long_unsigned(3)])) or Data.null())) == {str(ENERGY)}
    wanted = Data.array([Data.structure((Data.long_unsigned(1), Data.octet_string(NAME.octets)))])
    assert set(names(association.action(2, wanted) or Data.null())) == {str(NAME)}


def attributes(*wanted: tuple[int, Obis, int]) -> Data:
    return Data.array(
        Data.structure((Data.long_unsigned(class_id), Data.octet_string(code.octets), Data.integer(number)))
        for class_id, code, number in wanted
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_reading_by_logical_name_goes_through_the_same_rights(version: int) -> None:
    """R-041: what a method reads for a client is what the client may read, under the protection of its request."""
    association = own(version)
    wanted = attributes((3, ENERGY, 2), (1, HIDDEN, 2), (3, ENERGY, 3), (9, ENERGY, 2))
    plain = association.view().action(12, CURRENT, 3, wanted)
    assert [one.value for one in (plain.data or Data.null()).elements()] == [7, None, None, None]
    proved = association.view().under(Protection.AUTHENTICATED).action(12, CURRENT, 3, wanted)
    assert [one.value for one in (proved.data or Data.null()).elements()] == [7, None, (0, 255), None]


@pytest.mark.parametrize(("version", "numbers"), [(0, (5, 6)), (1, (5, 6)), (2, (5,)), (3, (5,)), (4, (5,))])
def test_a_new_secret_goes_to_its_keeper(version: int, numbers: tuple[int, ...]) -> None:
    association = own(version)
    taken: list[bytes] = []
    with pytest.raises(ServiceError):
        association.action(5, Data.octet_string(b"new"))
    association.on_new_secret = taken.append
    for number in numbers:
        association.action(number, Data.octet_string(b"new"))
    assert taken == [b"new"] * len(numbers)
    assert association.secret_methods == set(numbers)


@pytest.mark.parametrize("version", VERSIONS)
def test_pass_3_and_4_go_through_the_hook(version: int) -> None:
    association = own(version)
    with pytest.raises(ServiceError):
        association.action(8, Data.octet_string(b"challenge"))
    association.on_hls_reply = lambda given: given[::-1]
    assert association.action(8, Data.octet_string(b"abc")) == Data.octet_string(b"cba")


def test_users() -> None:
    association = own()
    assert isinstance(association, AssociationSn)
    user = Data.structure((Data.unsigned(3), Data.visible_string("Ada")))
    association.action(9, user)
    association.action(9, user)
    assert [one.user_id for one in association.user_list] == [3]
    association.action(10, user)
    assert association.user_list == []


@pytest.mark.parametrize("number", [1, 2, 4, 6, 7])
def test_what_the_newer_versions_reserve(number: int) -> None:
    with pytest.raises(ServiceError):
        own().action(number, Data.null())


@pytest.mark.parametrize(("version", "numbers"), [(0, (5, 6)), (4, (5,))])
def test_a_new_secret_is_only_taken_encrypted(version: int, numbers: tuple[int, ...]) -> None:
    """Whatever the role says: what touches secrets comes authenticated and encrypted (security concept, 4.2)."""
    association = own(version)
    taken: list[bytes] = []
    association.on_new_secret = taken.append
    rights = ObjectRights({2: AccessMode.READ}, dict.fromkeys(numbers, AccessMode.ACCESS))
    association.role = Role("owner", {(12, CURRENT): rights})
    for number in numbers:
        for found in (Protection.NONE, Protection.AUTHENTICATED, Protection.ENCRYPTED):
            outcome = association.view().under(found).action(12, CURRENT, number, Data.octet_string(b"new"))
            assert outcome.result == DataAccessResult.READ_WRITE_DENIED
        assert not taken
        both = association.view().under(Protection.AUTHENTICATED | Protection.ENCRYPTED)
        assert both.action(12, CURRENT, number, Data.octet_string(b"new")).result == 0
        taken.clear()
