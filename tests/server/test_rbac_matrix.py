"""The matrix of role, word, protection and policy has no hole: every way to an attribute or method gives what `decide` says.

Three walls, one behind the other: `decide` against the words of the Blue Book, for every mode, protection and policy; the view
against `decide`, for every class, attribute and method; and in `test_rbac_services` every service of a real association against
`decide`, with every protection. What an object does once it is reached is not asked here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data
from dlmskit.cosem.access import FLOOR, AccessMode, ObjectRights, Operation, Protection, Role, decide
from dlmskit.cosem.classes.array_manager import ArrayManager
from dlmskit.cosem.classes.association_ln import AssociationLn
from dlmskit.cosem.classes.compact_data import CompactData
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.disconnect_control import DisconnectControl
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.push_setup import PushSetup
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.object_list import ListedName, read_access_rights, read_object_list
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_class
from dlmskit.cosem.view import ObjectView
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis
from tests.cosem.standard_classes import STANDARD
from tests.server.keyed import OWN

GET, SET, ACTION = Operation.GET, Operation.SET, Operation.ACTION
NAME, OTHER = Obis("0.0.96.1.1.255"), Obis("0.0.96.9.9.255")
DENIED, UNDEFINED = DataAccessResult.READ_WRITE_DENIED, DataAccessResult.OBJECT_UNDEFINED
BITS = range(8)
PROTECTIONS = [Protection(bits) for bits in BITS]
MODES = [AccessMode(mode) for mode in range(0x20)]
"""No response protection: reading, writing, and every demand on the request."""


# --- decide, against the words of the standard ------------------------------------------------------------------------------


def allowed_by_the_book(mode: int, operation: Operation, found: int, policy: int, floor: int) -> bool:
    """Blue Book, class 15, access_mode: bit 0 read (or call), 1 write, 2 to 4 the request authenticated, encrypted, signed."""
    granted = mode & (0b10 if operation is SET else 0b01)
    return bool(granted) and all(found >> bit & 1 or not (mode | policy | floor) >> bit + 2 & 1 for bit in range(3))


@pytest.mark.case("R-041")
@pytest.mark.parametrize(("class_id", "number"), [(1, 2), (64, 2), (64, 3), (15, 7), (12, 5)])
def test_decide_is_the_book(class_id: int, number: int) -> None:
    """Every access mode, every protection found, every demand of a policy on requests."""
    key = class_id, NAME
    for mode in range(256):
        role = Role("r", {key: ObjectRights({number: AccessMode(mode)}, {number: AccessMode(mode)})})
        for operation, found, demanded in itertools.product(Operation, BITS, (0, 1, 2, 3, 4, 7)):
            floor = 0 if operation is GET else int(FLOOR.get((class_id, int(operation is ACTION), number), 0))
            decision = decide(role, key, operation, number, PROTECTIONS[found], AccessMode(demanded << 2))
            assert decision.allowed is allowed_by_the_book(mode, operation, found, demanded << 2, floor)
            assert decision.result in {0, DENIED}
            assert decision.response == (mode | floor) >> 5


@given(
    st.dictionaries(
        st.tuples(st.integers(1, 3), st.sampled_from((NAME, OTHER))), st.dictionaries(st.integers(1, 4), st.integers(0, 255))
    ),
    st.sampled_from(list(Operation)),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(0, 7),
    st.integers(0, 255),
)
def test_decide_for_any_role(
    table: dict[tuple[int, Obis], dict[int, int]], operation: Operation, class_id: int, number: int, found: int, policy: int
) -> None:
    """What a role does not name is undefined; what it names is the book, and more protection never takes a right away."""
    modes = {key: {one: AccessMode(mode) for one, mode in rights.items()} for key, rights in table.items()}
    role = Role("any", {key: ObjectRights(rights, rights) for key, rights in modes.items()})
    key = class_id, NAME
    decision = decide(role, key, operation, number, Protection(found), AccessMode(policy))
    if key not in table:
        seen = any(name == NAME for _, name in table)
        assert decision.result == (DataAccessResult.OBJECT_CLASS_INCONSISTENT if seen else UNDEFINED)
        return
    mode = table[key].get(number, 0) | (1 if number == 1 and operation is GET else 0)
    assert decision.allowed is allowed_by_the_book(mode, operation, found, policy & 0x1C, 0)
    assert decision.response == (mode | policy) >> 5
    if decision.allowed:
        assert all(
            decide(role, key, operation, number, more, AccessMode(policy)).allowed
            for more in PROTECTIONS
            if more & found == found
        )


# --- the view, against decide: every class, every attribute, every method ------------------------------------------------------


class Reached:
    """Whether a view came to an object: its services are replaced by this."""

    def __init__(self, one: Any) -> None:
        self.times = 0
        one.get = one.set = one.action = self

    def __call__(self, *given: object) -> Data:
        self.times += 1
        return Data.null()


def words_of(one: Any) -> Iterator[tuple[Operation, int]]:
    for number in one.attributes:
        yield GET, number
        yield SET, number
    for number, word in one.methods.items():
        if not word.absent:
            yield ACTION, number


@pytest.mark.case("R-041")
@pytest.mark.parametrize("key", STANDARD, ids=str)
def test_the_view_is_decide_for_every_class(key: tuple[int, int]) -> None:
    one = interface_class(*key)(NAME)
    tree = ObjectTree([one])
    reached = Reached(one)
    run: dict[Operation, Callable[[ObjectView, int], Any]] = {
        GET: lambda view, number: view.get(*one.key, number),
        SET: lambda view, number: view.set(*one.key, number, Data.null()),
        ACTION: lambda view, number: view.action(*one.key, number, Data.null()),
    }
    policies = (AccessMode.NONE, AccessMode.REQUEST_ENCRYPTED)
    for operation, number in words_of(one):
        for mode in (AccessMode.NONE, AccessMode(0x03), AccessMode(0x07), AccessMode(0x1F)):
            rights = {number: mode}
            role = Role("r", {one.key: ObjectRights(rights, {}) if operation is not ACTION else ObjectRights({}, rights)})
            view = ObjectView(tree, role)
            for found, policy in itertools.product(PROTECTIONS, policies):
                expected = decide(role, one.key, operation, number, found, policy)
                before = reached.times
                outcome = run[operation](replace(view, found=found, policy=policy), number)
                own_name = operation is GET and number == 1  # the view answers it by itself
                assert reached.times - before == (expected.allowed and not own_name)
                assert (outcome.result == 0) is expected.allowed
                assert outcome.response == expected.response
    assert run[GET](ObjectView(tree, Role("nobody")), 1).result == UNDEFINED


# --- what an object does for a caller, against decide --------------------------------------------------------------------------

TARGET = (1, NAME)
NUMBERS, OCTETS = Data.array((Data.unsigned(1), Data.unsigned(2))), Data.octet_string(b"x")
SWITCH = Obis("0.0.96.3.10.255")
HELPERS = {
    "profile": ProfileGeneric("1.0.99.1.0.255", profile_entries=3),
    "compact": CompactData("0.0.66.0.1.255"),
    "push": PushSetup("0.0.25.9.0.255"),
    "arrays": ArrayManager("0.0.18.0.0.255", array_object_list=[(1, (1, NAME, 2))]),
    "scripts": ScriptTable(
        "0.0.10.0.0.255",
        scripts=[(1, [(1, 1, NAME, 2, NUMBERS)]), (2, [(2, 70, SWITCH, 1, Data.integer(0))])],
    ),
}
ENTRY = (1, NAME, 2, 0)
SCRIPTS = HELPERS["scripts"].get(2)


def script(service: int, key: tuple[int, Obis], number: int) -> Data:
    """A table of one script with one action."""
    return HELPERS["scripts"].attribute(2).kind.encode([(3, [(service, *key, number, Data.integer(0))])])


def by(helper: str, number: int, value: Any = None, method: bool = False) -> Callable[[ObjectView], int]:
    """A way through a helper: a SET of its attribute, or a call of its method."""
    one = HELPERS[helper]
    if method:
        parameter = value if isinstance(value, Data) else one.method(number).parameter_kind.encode(value)
        return lambda view: view.action(*one.key, number, parameter).result
    data = value if isinstance(value, Data) else one.attribute(number).kind.encode([value])
    return lambda view: view.set(*one.key, number, data).result


def read_all(view: ObjectView) -> int:
    """Attribute 0: null-data stands for what may not be read."""
    outcome = view.get(*TARGET, 0)
    return DENIED if outcome.data is None or outcome.data.value[1] is None else outcome.result


WAYS: dict[str, tuple[set[Operation], tuple[int, Obis], int, Callable[[ObjectView], int]]] = {
    "capture objects of a profile": ({GET}, TARGET, 2, by("profile", 3, ENTRY)),
    "capture objects of compact data": ({GET}, TARGET, 2, by("compact", 3, (*ENTRY, (0, None), []))),
    "push object list": ({GET}, TARGET, 2, by("push", 2, (*ENTRY, (0, None), []))),
    "entries of an array": ({GET}, TARGET, 2, by("arrays", 2, (1, (1, 0)), method=True)),
    "number of entries": ({GET}, TARGET, 2, by("arrays", 1, 1, method=True)),
    "update of an entry": ({GET, SET}, TARGET, 2, by("arrays", 4, (1, (1, Data.unsigned(5))), method=True)),
    "script that is run": ({SET}, TARGET, 2, by("scripts", 1, 1, method=True)),
    "script that is stored": ({SET}, TARGET, 2, by("scripts", 2, script(1, TARGET, 2))),
    "script that calls": ({ACTION}, (70, SWITCH), 1, by("scripts", 1, 2, method=True)),
    "attribute 0": ({GET}, TARGET, 2, read_all),
    "attribute 0, written": ({SET}, TARGET, 2, lambda view: view.set(*TARGET, 0, Data.structure((Data.null(), OCTETS))).result),
    "script that calls, stored": ({ACTION}, (70, SWITCH), 1, by("scripts", 2, script(2, (70, SWITCH), 1))),
}


@pytest.mark.case("R-041")
@pytest.mark.parametrize("way", WAYS)
def test_what_an_object_does_for_a_caller_is_decide(way: str) -> None:
    """The helper may do everything; whether the way goes through to the target is decided as for the caller himself."""
    needed, key, number, run = WAYS[way]
    tree = ObjectTree([DataObject(NAME, value=NUMBERS), DisconnectControl(SWITCH, control_mode=4)])
    for helper in HELPERS.values():
        tree.add(helper)
    everything = ObjectRights(dict.fromkeys(range(1, 20), AccessMode.READ_WRITE), dict.fromkeys(range(1, 9), AccessMode.ACCESS))
    open_to_all = {helper.key: everything for helper in HELPERS.values()}
    for mode, found in itertools.product(MODES, PROTECTIONS):
        rights = ObjectRights({}, {number: mode}) if ACTION in needed else ObjectRights({number: mode}, {})
        role = Role("r", {**open_to_all, key: rights})
        expected = all(decide(role, key, operation, number, found).allowed for operation in needed)
        tree.get(1, NAME).store(2, NUMBERS)
        tree.get(70, SWITCH).store(3, Data.enum(1))  # connected
        HELPERS["scripts"].store(2, SCRIPTS)
        result = run(ObjectView(tree, role, found=found))
        assert (result == 0) is expected, (mode, found)
        assert expected or result == DENIED
    assert run(ObjectView(tree, Role("r", open_to_all))) in {DENIED, UNDEFINED}, (
        "and what the role does not name is no way either"
    )


# --- each association shows what it allows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(4))
def test_the_object_list_shows_exactly_the_view(version: int) -> None:
    """For every class: listed is what the role names; and what is listed as allowed is allowed with the protection listed."""
    tree, role = everything_of_every_class()
    own = tree.add(interface_class(AssociationLn.class_id, version)("0.0.40.0.7.255", role=role))
    said = read_object_list(own.get(2), version)
    listed = {(one.class_id, one.version, one.logical_name) for one in said} - {(15, version, Obis(OWN))}
    assert listed == {(key[0], tree.get(*key).version, key[1]) for key in role.objects}
    for one in said:
        if (one.class_id, one.logical_name) in role.objects:
            check_shown(role, (one.class_id, one.logical_name), one.rights, exact=version == 3)


@pytest.mark.parametrize("version", range(2, 5))
def test_the_lists_of_association_sn_show_exactly_the_view(version: int) -> None:
    tree, role = everything_of_every_class()
    own: Any = tree.add(interface_class(12, version)("0.0.40.0.7.255", role=role))
    names = {one.base_name: one for one in map(ListedName.from_data, own.get(2).elements())}
    rights = read_access_rights(own.get(3), version - 1)
    shown = {(one.class_id, one.logical_name) for one in names.values()} - {(12, Obis(OWN))}
    assert shown == set(role.objects)
    for base, one in names.items():
        if (one.class_id, one.logical_name) in role.objects:
            check_shown(role, (one.class_id, one.logical_name), rights[base], exact=version == 4)


def everything_of_every_class() -> tuple[ObjectTree, Role]:
    """Two objects of every class, of which the role names one, with modes that go round."""
    tree, objects = ObjectTree(), {}
    modes = itertools.cycle(AccessMode(mode) for mode in (0x00, 0x01, 0x03, 0x25, 0x6F, 0x02, 0xFF, 0x1B, 0x80))
    for at, declared in enumerate(STANDARD.values()):
        if declared.class_id in {12, 15}:
            continue
        seen = tree.add(declared(f"0.0.96.200.{at}.255"))
        tree.add(declared(f"0.0.96.201.{at}.255"))
        methods = {number: next(modes) & ~AccessMode.WRITE for number, word in declared.methods.items() if not word.absent}
        objects[seen.key] = ObjectRights({number: next(modes) for number in declared.attributes}, methods)
    return tree, Role("r", objects)


def check_shown(role: Role, key: tuple[int, Obis], shown: ObjectRights, *, exact: bool) -> None:
    """An operation is shown if and only if it is possible; and where the version can say so, with what protection."""
    held = role.objects[key]
    for operation, told, real in ((GET, shown.attributes, held.attributes), (ACTION, shown.methods, held.methods)):
        assert set(told) == set(real)
        for number, mode in told.items():
            for asked in (GET, SET) if operation is GET else (ACTION,):
                bit = AccessMode.WRITE if asked is SET else AccessMode.READ
                assert bool(mode & bit) is decide(role, key, asked, number, Protection(7)).allowed, (key, number)
            own_name = operation is GET and number == 1
            if exact:
                assert mode == real[number] | (AccessMode.READ if own_name else AccessMode.NONE)
