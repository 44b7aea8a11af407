"""Whatever way a request takes, the same decision about access is asked (robustness R-041), with the role of the client."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.association_ln import AssociationLn
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.push_setup import PushSetupV0
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.object_list import read_object_list
from dlmskit.cosem.selective import CaptureObject, EntryDescriptor
from dlmskit.server import Grants
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis
from tests.server.peers import MANAGEMENT, PUBLIC, Client, device_of

HIDDEN, WRITABLE, OPEN = "0.0.96.99.1.255", "0.0.96.99.2.255", "1.0.1.8.0.255"
PROFILE, OTHER_PROFILE, PUSH, SCRIPTS = "1.0.99.1.0.255", "1.0.99.9.0.255", "0.0.25.9.0.255", "0.0.10.0.0.255"
DENIED, UNDEFINED = DataAccessResult.READ_WRITE_DENIED, DataAccessResult.OBJECT_UNDEFINED

GRANTS = Grants.parse(
    read=[OPEN, PROFILE, PUSH],
    write=[f"{WRITABLE}:2", f"{PROFILE}:3", PUSH],
    execute=[PROFILE],
)
"""WRITABLE can be written and never read; HIDDEN and OTHER_PROFILE are not the client's business at all."""


def meter() -> Client:
    objects = [
        DataObject(HIDDEN, value=Data.unsigned(42)),
        DataObject(WRITABLE, value=Data.unsigned(42)),
        Register(OPEN, value=Data.double_long_unsigned(5), scaler_unit=(0, 30)),
        ProfileGeneric(PROFILE, profile_entries=10),
        ProfileGeneric(OTHER_PROFILE, profile_entries=10),
        PushSetupV0(PUSH),
        ScriptTable(SCRIPTS),
    ]
    return Client(device_of(objects, {MANAGEMENT: GRANTS})).open()


def column(name: str) -> Data:
    return Data.array([CaptureObject(1, Obis(name), 2).to_data()])


def unread(everything: Data | int) -> object:
    """Attribute 0 gives a structure with null-data for what may not be read: as good as denied."""
    return everything if isinstance(everything, int) else DENIED if everything.value[1] is None else everything


PATHS: dict[str, Callable[[Client, str], object]] = {
    "GET": lambda client, name: client.get(1, name),
    "GET with list": lambda client, name: client.get_list((3, OPEN, 2), (1, name, 2))[1],
    "GET of all attributes": lambda client, name: unread(client.get(1, name, 0)),
    "GET with selector": lambda client, name: client.get(1, name, 2, 2, EntryDescriptor().to_data()),
    "capture objects": lambda client, name: client.set(7, PROFILE, 3, column(name)),
    "push list": lambda client, name: client.set(40, PUSH, 2, column(name)),
}


@pytest.mark.case("R-041")
@pytest.mark.parametrize("path", PATHS)
def test_what_cannot_be_read_cannot_be_read_in_any_way(path: str) -> None:
    client = meter()
    for name in (WRITABLE, HIDDEN):
        result = PATHS[path](client, name)
        hidden = name == HIDDEN and path.startswith("GET")
        assert result == (UNDEFINED if hidden else DENIED), name
    # And it is the right that decides: what may be read is read in the same way.
    assert client.value(3, OPEN) == 5
    assert client.set(7, PROFILE, 3, Data.array([CaptureObject(3, Obis(OPEN), 2).to_data()])) == 0


def test_attribute_0_shows_null_data_for_what_may_not_be_read() -> None:
    client = meter()
    assert client.value(1, WRITABLE, 0) == (Obis(WRITABLE).octets, None)
    assert client.value(3, OPEN, 0) == (Obis(OPEN).octets, 5, (0, 30))
    assert client.get(1, HIDDEN, 0) == UNDEFINED


def test_what_cannot_be_written_or_called_is_denied() -> None:
    client = meter()
    assert client.set(3, OPEN, 2, Data.double_long_unsigned(0)) == DENIED
    assert client.set(1, HIDDEN, 2, Data.unsigned(0)) == UNDEFINED
    assert client.set_list([(3, OPEN, 2), (1, WRITABLE, 2)], [Data.double_long_unsigned(0), Data.unsigned(1)]) == [DENIED, 0]
    assert client.action(3, OPEN, 1, Data.integer(0)) == DENIED
    assert client.action(7, OTHER_PROFILE, 1, Data.integer(0)) == UNDEFINED
    assert client.action(9, SCRIPTS, 1, Data.long_unsigned(1)) == UNDEFINED
    assert client.value(3, OPEN) == 5


def test_nobody_writes_his_own_rights() -> None:
    client = meter()
    assert client.set(15, "0.0.40.0.0.255", 7, Data.octet_string(b"secret")) == DENIED
    assert client.get(15, "0.0.40.0.0.255", 7) == DENIED
    assert client.action(15, "0.0.40.0.0.255", 2, Data.octet_string(b"secret")) == DENIED
    assert client.action(15, "0.0.40.0.0.255", 5, Data.structure([Data.unsigned(1), Data.visible_string("x")])) == DENIED


def test_the_object_list_says_what_the_role_may_and_nothing_else() -> None:
    client = meter()
    listed = {str(one.logical_name): one for one in read_object_list(client.get(15, "0.0.40.0.0.255"), AssociationLn.version)}  # type: ignore[arg-type]
    assert set(listed) == {OPEN, WRITABLE, PROFILE, PUSH, "0.0.40.0.0.255", "0.0.40.0.1.255"}
    assert listed[WRITABLE].rights.attributes == {1: 1, 2: 2}
    assert listed[OPEN].rights.attributes == {1: 1, 2: 1, 3: 1}


def test_every_client_finds_its_own_association() -> None:
    grants = {PUBLIC: Grants.parse(read=[OPEN]), MANAGEMENT: Grants.parse(read=["*"])}
    device = device_of([Register(OPEN)], grants)
    public, management = Client(device, PUBLIC).open(), Client(device, MANAGEMENT).open()
    for client, sap, mechanism in ((public, PUBLIC, 0), (management, MANAGEMENT, 5)):
        assert client.value(15, "0.0.40.0.0.255", 3)[0] == sap
        assert client.value(15, "0.0.40.0.0.255", 6)[-1] == mechanism
        assert client.value(15, "0.0.40.0.0.255", 8) == 2
    assert public.get(15, "0.0.40.0.2.255", 3) == UNDEFINED
    assert management.value(15, "0.0.40.0.1.255", 8) == 2
    public.release()
    assert management.value(15, "0.0.40.0.1.255", 8) == 0


@pytest.mark.case("R-065")
def test_one_refusal_in_a_list_is_one_result() -> None:
    names = [f"0.0.96.99.{number}.255" for number in range(1, 6)]
    objects = [DataObject(name, value=Data.unsigned(0)) for name in names]
    client = Client(device_of(objects, {MANAGEMENT: Grants.parse(read=["*"], write=[*names[:2], *names[3:]])})).open()
    results = client.set_list([(1, name, 2) for name in names], [Data.unsigned(number) for number in range(1, 6)])
    assert results == [0, 0, DENIED, 0, 0]
    assert [client.value(1, name) for name in names] == [1, 2, 0, 4, 5]


class Broken(DataObject):
    """An object with a fault in its own code."""

    value = DataObject.value.retyped("any")

    @value.reader
    def _read(self, request: object) -> Data:
        raise RuntimeError("a fault that is nobody's business outside")

    @value.writer
    def _write(self, value: Data, request: object) -> None:
        raise KeyError("another one")


@pytest.mark.case("R-074")
def test_a_fault_inside_an_object_is_one_result(caplog: pytest.LogCaptureFixture) -> None:
    objects = [Broken("0.0.96.99.1.255"), DataObject("0.0.96.99.2.255", value=Data.unsigned(7))]
    client = Client(device_of(objects, {MANAGEMENT: Grants.parse(read=["*"], write=["*"])})).open()
    first, second = client.get_list((1, "0.0.96.99.1.255", 2), (1, "0.0.96.99.2.255", 2))
    assert first == DataAccessResult.OTHER_REASON
    assert isinstance(second, Data)
    assert client.set(1, "0.0.96.99.1.255", 2, Data.unsigned(1)) == DataAccessResult.OTHER_REASON
    assert client.value(1, "0.0.96.99.2.255") == 7
    assert "a fault that is nobody's business outside" in caplog.text
    assert "Traceback" in caplog.text
