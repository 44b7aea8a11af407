"""One path from a request to an object: rights, results, attribute 0, faults."""

from __future__ import annotations

import logging

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AUTHENTICATED, AccessMode, ObjectRights, Operation, Protection, Role
from dlmskit.cosem.classes.association_ln import AssociationLn
from dlmskit.cosem.classes.data import Data as DataClass
from dlmskit.cosem.classes.disconnect_control import DisconnectControl
from dlmskit.cosem.classes.iec_local_port_setup import IecLocalPortSetup
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.push_setup import PushSetupV0
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.classes.security_setup import SecuritySetup
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.selective import CaptureObject
from dlmskit.cosem.view import CURRENT_ASSOCIATION, ObjectView
from dlmskit.types.enums import ActionResult, DataAccessResult
from dlmskit.types.obis import Obis

OK, DENIED, UNDEFINED = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED, DataAccessResult.OBJECT_UNDEFINED
ENERGY, HIDDEN, TARIFF, SWITCH = Obis("1.0.1.8.0.255"), Obis("1.0.2.8.0.255"), Obis("0.0.96.14.0.255"), Obis("0.0.96.3.10.255")
PROFILE, SCRIPTS, PUSH = Obis("1.0.99.1.0.255"), Obis("0.0.10.0.100.255"), Obis("0.0.25.9.0.255")
R, RW = AccessMode.READ, AccessMode.READ_WRITE


@pytest.fixture
def tree() -> ObjectTree:
    return ObjectTree(
        [
            Register(ENERGY, value=Data.double_long_unsigned(5)),
            Register(HIDDEN, value=Data.double_long_unsigned(6)),
            DataClass(TARIFF, value=Data.unsigned(1)),
            DisconnectControl(SWITCH, control_mode=4),
            ProfileGeneric(PROFILE, profile_entries=10),
            ScriptTable(SCRIPTS),
            PushSetupV0(PUSH),
        ]
    )


@pytest.fixture
def role(tree: ObjectTree) -> Role:
    return Role(
        "reader",
        {
            (3, ENERGY): ObjectRights({3: R}, {}),  # value itself may not be read
            (1, TARIFF): ObjectRights({2: RW}),
            (70, SWITCH): ObjectRights({2: R, 3: R}, {}),
            **{one.key: one.default_rights() for one in tree.at(PROFILE)},
            (7, PROFILE): ObjectRights({2: R, 3: RW}, {2: AccessMode.ACCESS}),
            (9, SCRIPTS): ObjectRights({2: RW}, {1: AccessMode.ACCESS}),
            (40, PUSH): ObjectRights({2: RW}, {1: AccessMode.ACCESS}),
        },
    )


@pytest.fixture
def view(tree: ObjectTree, role: Role) -> ObjectView:
    return ObjectView(tree, role)


def columns(*wanted: CaptureObject) -> Data:
    return Data.array([column.to_data() for column in wanted])


def script(service: int, class_id: int, name: Obis, index: int, parameter: Data) -> Data:
    action = [Data.enum(service), Data.long_unsigned(class_id), Data.octet_string(name), Data.integer(index), parameter]
    return Data.array([Data.structure([Data.long_unsigned(1), Data.array([Data.structure(action)])])])


def test_results(view: ObjectView) -> None:
    assert view.get(1, TARIFF, 2).data == Data.unsigned(1)
    assert view.get(3, ENERGY, 2).result == DENIED
    assert view.get(3, ENERGY, 1).data == Data.octet_string(ENERGY)
    assert view.get(3, HIDDEN, 2).result == UNDEFINED
    assert view.get(4, ENERGY, 2).result == DataAccessResult.OBJECT_CLASS_INCONSISTENT
    assert view.get(1, TARIFF, 3).result == UNDEFINED
    assert view.set(1, TARIFF, 2, Data.unsigned(9)).result == OK
    assert view.get(1, TARIFF, 2).data == Data.unsigned(9)
    assert view.get(1, TARIFF, 2, 1, Data.null()).result == DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
    assert view.action(70, SWITCH, 1).result == ActionResult.READ_WRITE_DENIED
    assert view.action(70, SWITCH, 3).result == ActionResult.OBJECT_UNDEFINED
    assert isinstance(view.action(70, SWITCH, 1).result, ActionResult)


def test_an_object_outside_the_role_betrays_nothing(tree: ObjectTree) -> None:
    present, gone = SecuritySetup("0.0.43.0.0.255"), Obis("0.0.43.0.1.255")
    tree.add(present)
    view = ObjectView(tree, Role("nobody"))
    for number in (0, 1, 2, 99):
        assert view.get(64, present.obis, number) == view.get(64, gone, number)
        assert view.set(64, present.obis, number, Data.null()) == view.set(64, gone, number, Data.null())
        assert view.action(64, present.obis, number) == view.action(64, gone, number)


def test_a_role_on_an_object_that_is_gone(tree: ObjectTree, view: ObjectView) -> None:
    tree.remove((1, TARIFF))
    assert view.get(1, TARIFF, 2).result == UNDEFINED
    assert TARIFF not in [name for name, _, _ in view.visible()]


def test_protection_found_and_owed(tree: ObjectTree) -> None:
    strict = Role("strict", {(1, TARIFF): ObjectRights({2: R | AUTHENTICATED | AccessMode.RESPONSE_ENCRYPTED})})
    view = ObjectView(tree, strict)
    refused = view.get(1, TARIFF, 2)
    assert (refused.result, refused.data) == (DENIED, None)
    given = view.under(Protection.AUTHENTICATED).get(1, TARIFF, 2)
    assert (given.result, given.response) == (OK, Protection.AUTHENTICATED | Protection.ENCRYPTED)
    demanding = ObjectView(tree, strict, policy=AccessMode.from_policy(3, 0))
    assert demanding.under(Protection.AUTHENTICATED).get(1, TARIFF, 2).result == DENIED
    assert demanding.under(Protection(3)).get(1, TARIFF, 2).result == OK


# --- every form of service asks the same decision ------------------------------------------------------------------

VALUE = CaptureObject(3, ENERGY, 2)
UNKNOWN = CaptureObject(3, HIDDEN, 2)


@pytest.mark.case("R-041")
@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(lambda view: view.get(3, ENERGY, 2), id="get"),
        pytest.param(lambda view: view.set(3, ENERGY, 2, Data.double_long_unsigned(1)), id="set"),
        pytest.param(lambda view: view.action(3, ENERGY, 1), id="action"),
        pytest.param(lambda view: view.set(7, PROFILE, 3, columns(VALUE)), id="capture"),
        pytest.param(lambda view: view.set(7, PROFILE, 3, columns(UNKNOWN)), id="capture of an invisible object"),
        pytest.param(lambda view: view.set(7, PROFILE, 3, columns(CaptureObject(3, ENERGY, 2, 1))), id="capture of an element"),
        pytest.param(lambda view: view.set(7, PROFILE, 3, columns(CaptureObject(3, ENERGY, 0))), id="capture of all"),
        pytest.param(lambda view: view.set(40, PUSH, 2, columns(VALUE)), id="push list"),
        pytest.param(lambda view: view.set(40, PUSH, 2, columns(CaptureObject(3, ENERGY, 0))), id="push of all"),
        pytest.param(lambda view: view.set(9, SCRIPTS, 2, script(2, 70, SWITCH, 1, Data.integer(0))), id="script of a method"),
        pytest.param(
            lambda view: view.set(9, SCRIPTS, 2, script(1, 3, ENERGY, 2, Data.double_long_unsigned(1))), id="script of a write"
        ),
    ],
)
def test_no_service_reaches_further_than_the_role(tree: ObjectTree, view: ObjectView, attempt) -> None:
    before = {one.key: one.stored(2) for one in tree}
    assert attempt(view).result == DENIED
    assert {one.key: one.stored(2) for one in tree} == before


@pytest.mark.case("R-041")
def test_a_script_run_by_a_client_has_the_rights_of_the_client(tree: ObjectTree, view: ObjectView) -> None:
    table = tree.get(9, SCRIPTS)
    table.set(2, script(2, 70, SWITCH, 1, Data.integer(0)))
    switch = tree.get(70, SWITCH)
    assert view.action(9, SCRIPTS, 1, Data.long_unsigned(1)).result == DENIED
    assert switch.get(3) == Data.enum(1)
    table.action(1, Data.long_unsigned(1))  # the device's own schedule
    assert switch.get(3) == Data.enum(0)


@pytest.mark.case("R-041")
def test_attribute_0_gives_only_what_may_be_read(view: ObjectView) -> None:
    everything = view.get(3, ENERGY, 0)
    assert everything.result == OK
    assert everything.data is not None
    assert everything.data.elements()[1] == Data.null()
    assert everything.data.elements()[2] != Data.null()


@pytest.mark.case("R-041")
@pytest.mark.parametrize("granted", [R, RW])
def test_no_right_makes_a_secret_readable(tree: ObjectTree, granted: AccessMode) -> None:
    port = tree.add(IecLocalPortSetup("0.0.20.0.0.255", pass_p1=b"12345678"))
    view = ObjectView(tree, Role("careless", {port.key: ObjectRights(dict.fromkeys(range(1, 10), granted))}))
    assert view.get(*port.key, 7).result == DENIED
    whole = view.get(*port.key, 0).data
    assert whole is not None
    assert b"12345678" not in whole.octets


def test_may_follows_the_request(view: ObjectView) -> None:
    assert view.may(Operation.GET, 3, ENERGY, 3)
    assert not view.may(Operation.GET, 3, ENERGY, 2)


# --- attribute 0 ----------------------------------------------------------------------------------------------------------


def test_all_attributes_of_what_does_not_exist(view: ObjectView) -> None:
    assert view.get(3, HIDDEN, 0).result == UNDEFINED
    assert view.set(3, HIDDEN, 0, Data.structure([])).result == UNDEFINED


@pytest.mark.parametrize(
    ("elements", "result"),
    [
        ([Data.null(), Data.unsigned(7)], OK),
        ([Data.null(), Data.null()], OK),
        ([Data.unsigned(7)], DataAccessResult.TYPE_UNMATCHED),
        ([Data.octet_string(ENERGY), Data.unsigned(7)], DENIED),
    ],
)
def test_writing_all_attributes(tree: ObjectTree, view: ObjectView, elements: list[Data], result: DataAccessResult) -> None:
    assert view.set(1, TARIFF, 0, Data.structure(elements)).result == result
    written = result == OK and elements[1] != Data.null()
    assert tree.get(1, TARIFF).get(2) == Data.unsigned(7 if written else 1)


def test_writing_all_attributes_checks_every_type_first(tree: ObjectTree) -> None:
    view = ObjectView(tree, Role("writer", {(3, ENERGY): ObjectRights({2: RW, 3: RW})}))
    wrong = Data.structure([Data.null(), Data.double_long_unsigned(9), Data.unsigned(1)])
    assert view.set(3, ENERGY, 0, wrong).result == DataAccessResult.TYPE_UNMATCHED
    assert view.get(3, ENERGY, 2).data == Data.double_long_unsigned(5)


# --- lists and faults -----------------------------------------------------------------------------------------------------


@pytest.mark.case("R-065")
def test_a_list_of_writes_with_one_denied(tree: ObjectTree, view: ObjectView) -> None:
    for number in range(5):
        tree.add(DataClass(Obis(f"0.0.96.50.{number}.255"), value=Data.unsigned(0)))
    rights = {(1, Obis(f"0.0.96.50.{number}.255")): ObjectRights({2: R if number == 2 else RW}) for number in range(5)}
    view = ObjectView(tree, Role("writer", rights))
    results = [view.set(class_id, name, 2, Data.unsigned(1)).result for class_id, name in rights]
    assert results == [OK, OK, DENIED, OK, OK]
    assert [view.get(class_id, name, 2).data for class_id, name in rights] == [Data.unsigned(n) for n in (1, 1, 0, 1, 1)]


class Broken(DataClass):
    def get(self, number, request=None):
        raise ZeroDivisionError("the sensor is gone")

    def action(self, number, parameter=None, request=None):
        raise RecursionError

    def set(self, number, value, request=None):
        raise KeyError("secret-free text")


@pytest.mark.case("R-074")
def test_an_exception_inside_an_object_is_one_result(tree: ObjectTree, caplog: pytest.LogCaptureFixture) -> None:
    broken = tree.add(Broken("0.0.96.60.0.255"))
    view = ObjectView(tree, tree.full_role("all"))
    with caplog.at_level(logging.ERROR, "dlmskit.cosem"):
        outcome = view.get(*broken.key, 2)
    assert (outcome.result, outcome.data) == (DataAccessResult.OTHER_REASON, None)
    assert "ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text
    assert view.get(1, TARIFF, 2).result == OK


@pytest.mark.case("R-074")
def test_the_fault_goes_to_whoever_listens(tree: ObjectTree) -> None:
    broken = tree.add(Broken("0.0.96.60.0.255"))
    faults: list[tuple[str, Exception]] = []
    view = ObjectView(tree, tree.full_role("all"), fault=lambda where, error: faults.append((where, error)))
    assert view.set(*broken.key, 2, Data.unsigned(1)).result == DataAccessResult.OTHER_REASON
    ((where, error),) = faults
    assert "0.0.96.60.0.255" in where
    assert isinstance(error, KeyError)


# --- the current association ----------------------------------------------------------------------------------------------


def test_the_current_association_answers_by_the_name_it_was_asked(tree: ObjectTree, role: Role) -> None:
    own = tree.add(AssociationLn("0.0.40.0.3.255", role=role))
    view = own.view()
    assert view.get(15, CURRENT_ASSOCIATION, 1).data == Data.octet_string(CURRENT_ASSOCIATION)
    assert view.get(15, CURRENT_ASSOCIATION, 8).data == Data.enum(0)
    assert view.get(15, own.obis, 8).result == UNDEFINED  # its role does not name it under its own number
    assert view.get(15, CURRENT_ASSOCIATION, 7).result == DENIED
