"""The object list of every version of Association LN, as octets, as we read it, and as gurux_dlms reads it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from gurux_dlms import GXByteBuffer
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects.GXDLMSAssociationLogicalName import GXDLMSAssociationLogicalName
from gurux_dlms.ValueEventArgs import ValueEventArgs

from dlmskit.codec.data import Data, skip_data
from dlmskit.codec.reader import read_length
from dlmskit.cosem.access import AUTHENTICATED, AccessMode, ObjectRights, Role
from dlmskit.cosem.classes.association_ln import AssociationLn, AssociationLnV0, AssociationLnV1, AssociationLnV2
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.object_list import read_object_list
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_class
from dlmskit.cosem.view import CURRENT_ASSOCIATION
from dlmskit.errors import DecodeError
from dlmskit.link.hdlc.frame import decode_frame
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis
from tests.vectors import captures

VERSIONS = [AssociationLnV0, AssociationLnV1, AssociationLnV2, AssociationLn]
ENERGY, PROFILE = Obis("1.0.1.8.0.255"), Obis("1.0.99.1.0.255")
R, RW, ACCESS = AccessMode.READ, AccessMode.READ_WRITE, AccessMode.ACCESS

RIGHTS = {
    (3, ENERGY): ObjectRights({2: R | AUTHENTICATED, 3: RW}, {1: ACCESS | AUTHENTICATED}),
    (7, PROFILE): ObjectRights({1: R, 2: R, 4: AccessMode.WRITE}, {1: ACCESS}),
}


def association(version: type[AssociationLnV0]) -> AssociationLnV0:
    tree = ObjectTree([Register(ENERGY), ProfileGeneric(PROFILE), Register("1.0.2.8.0.255")])
    return tree.add(version(role=Role("reader", RIGHTS)))


def attribute_access(number: int, mode: int, selectors: tuple[int, ...] = ()) -> bytes:
    listed = b"\x01" + bytes([len(selectors)]) + b"".join(b"\x0f" + bytes([one]) for one in selectors) if selectors else b"\x00"
    return b"\x02\x03\x0f" + bytes([number]) + b"\x16" + bytes([mode]) + listed


@pytest.mark.parametrize(
    ("version", "value", "scaler_unit", "reset"),
    [
        (0, 1, 3, b"\x03\x01"),
        (1, 4, 3, b"\x16\x02"),
        (2, 4, 3, b"\x16\x02"),
        (3, 0x25, 3, b"\x16\x25"),
    ],
)
def test_the_octets_of_one_object(version: int, value: int, scaler_unit: int, reset: bytes) -> None:
    own = association(VERSIONS[version])
    wanted = Data.structure([Data.long_unsigned(3), Data.octet_string(ENERGY)])
    answer = own.view().get(15, CURRENT_ASSOCIATION, 2, 4, wanted).data
    assert answer is not None
    assert answer.octets == (
        b"\x01\x01\x02\x04\x12\x00\x03\x11\x00\x09\x06\x01\x00\x01\x08\x00\xff\x02\x02"
         b"\x01\x03" + attribute_access(1, 1) + attribute_access(2, value) + attribute_access(3, scaler_unit)
        + b"\x01\x01\x02\x02\x0f\x01" + reset
    )  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_exactly_what_the_client_may_see(version: type[AssociationLnV0]) -> None:
    own = association(version)
    listed = own.view().get(15, CURRENT_ASSOCIATION, 2).data
    assert listed is not None
    version.attributes[2].check(listed)
    objects = read_object_list(listed, version.version)
    assert [(one.class_id, one.version, str(one.logical_name)) for one in objects] == [
        (15, version.version, "0.0.40.0.0.255"),
        (3, 0, "1.0.1.8.0.255"),
        (7, 1, "1.0.99.1.0.255"),
    ]
    assert objects[2].rights.attributes[4] == AccessMode.WRITE
    assert objects[2].rights.attributes[3] == AccessMode.NONE
    demanded = AUTHENTICATED if version.version else AccessMode.NONE
    assert objects[1].rights.attributes[2] == R | demanded
    assert objects[1].rights.methods[1] == ACCESS | demanded
    assert objects[0].rights.attributes[7] == AccessMode.WRITE


def their_values(own: AssociationLnV0) -> list:
    """The object list as gurux_dlms decodes it."""
    return _GXCommon.getData(GXDLMSSettings(False, None), GXByteBuffer(own.get(2).octets), _GXDataInfo())


@pytest.mark.parametrize("version", VERSIONS[:3])
def test_another_implementation_reads_the_same(version: type[AssociationLnV0]) -> None:
    settings = GXDLMSSettings(False, None)
    theirs = GXDLMSAssociationLogicalName()
    theirs.version = version.version
    event = ValueEventArgs(settings, theirs, 2)
    event.value = their_values(association(version))
    theirs.setValue(settings, event)
    found = {(int(one.objectType), one.logicalName): one for one in theirs.objectList}
    assert [key[0] for key in found] == [15, 3, 7]
    energy, profile = found[3, str(ENERGY)], found[7, str(PROFILE)]
    assert int(energy.getAccess(2)) == (4 if version.version else 1)
    assert [int(profile.getAccess(number)) for number in range(2, 9)] == [1, 0, 2, 0, 0, 0, 0]
    assert int(energy.getMethodAccess(1)) == (2 if version.version else 1)


def test_another_implementation_decodes_version_3_alike() -> None:
    # Its object refuses combined bits of version 3, so that only its decoder can be asked.
    _, energy, profile = their_values(association(AssociationLn))
    assert (energy[0], energy[1], bytes(energy[2])) == (3, 0, ENERGY.octets)
    assert [(access[0], int(access[1])) for access in energy[3][0]] == [(1, 1), (2, 0x25), (3, 3)]
    assert [(access[0], int(access[1])) for access in energy[3][1]] == [(1, 0x25)]
    assert [list(access[2]) for access in profile[3][0] if access[2]] == [[1, 2]]


def test_a_method_that_is_absent_is_not_listed() -> None:
    own = association(AssociationLn)
    (listed, *_) = read_object_list(own.get(2), 3)
    assert set(listed.rights.methods) == {1, 2, 5, 6}


def test_selective_access() -> None:
    view = association(AssociationLn).view()

    def names(selector: int, parameter: Data) -> list[str]:
        data = view.get(15, CURRENT_ASSOCIATION, 2, selector, parameter).data
        assert data is not None
        return [str(one.logical_name) for one in read_object_list(data, 3)]

    def key(class_id: int, name: Obis) -> Data:
        return Data.structure([Data.long_unsigned(class_id), Data.octet_string(name)])

    everything = ["0.0.40.0.0.255", str(ENERGY), str(PROFILE)]
    assert names(1, Data.null()) == everything
    assert names(2, Data.array([Data.long_unsigned(3), Data.long_unsigned(15)])) == everything[:2]
    assert names(3, Data.array([key(7, PROFILE), key(3, ENERGY), key(3, Obis("1.0.2.8.0.255"))])) == everything[1:]
    assert names(4, key(7, PROFILE)) == [str(PROFILE)]
    assert names(4, key(3, PROFILE)) == []
    bare = view.get(15, CURRENT_ASSOCIATION, 2, 2, Data.array([Data.long_unsigned(3)])).data
    assert bare is not None
    assert read_object_list(bare, 3)[0].rights == ObjectRights({}, {})


ONE_OBJECT = Data.structure([Data.long_unsigned(3), Data.octet_string(ENERGY)])


@pytest.mark.parametrize(
    ("selector", "parameter", "result"),
    [
        (2, Data.null(), DataAccessResult.TYPE_UNMATCHED),
        (2, Data.array([Data.unsigned(3)]), DataAccessResult.TYPE_UNMATCHED),
        (2, Data.array([Data.long_unsigned(3)] * 2000), DataAccessResult.TYPE_UNMATCHED),
        (3, Data.array([Data.null()]), DataAccessResult.TYPE_UNMATCHED),
        (3, Data.array([ONE_OBJECT] * 2000), DataAccessResult.TYPE_UNMATCHED),
        (3, Data.long_unsigned(1), DataAccessResult.TYPE_UNMATCHED),
        (4, Data.structure([Data.long_unsigned(3), Data.octet_string(b"12345")]), DataAccessResult.TYPE_UNMATCHED),
        (5, Data.null(), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
    ],
)
def test_selections_that_are_none(selector: int, parameter: Data, result: DataAccessResult) -> None:
    view = association(AssociationLn).view()
    assert view.get(15, CURRENT_ASSOCIATION, 2, selector, parameter).result == result


def recorded(session: str) -> list[Data]:
    """The elements of the object list that a real meter sent in a recorded session; the recordings end in the middle."""
    (entry,) = captures("sessions", id=session)
    octets = b""
    for frame in entry["frames"]:
        whole = bytes.fromhex(frame["hex"])
        if b"\xc0\x01\xc1\x00\x0f\x00\x00\x28\x00\x00\xff\x02" in whole:
            octets = b""
        elif frame["dir"] == "s2c" and len(information := decode_frame(whole).information) > 12:
            octets += information[13:] if information[3:5] == b"\xc4\x02" else b""
    _, at = read_length(octets, 1)
    elements = []
    with suppress(DecodeError):
        while True:
            end = skip_data(octets, at)
            elements.append(Data(octets[at:end]))
            at = end
    return elements


@pytest.mark.parametrize(("session", "count"), [("ses-spodes-objlist", 19), ("ses-mercury-hls2-ln", 18)])
def test_the_lists_of_real_meters_are_read(session: str, count: int) -> None:
    elements = recorded(session)
    objects = read_object_list(Data.array(elements), 0)  # their rights on methods are booleans
    assert len(objects) == count
    assert (objects[0].class_id, str(objects[0].logical_name)) == (8, "0.0.1.0.0.255")
    for one in objects:
        declared = interface_class(one.class_id, one.version)
        assert set(one.rights.attributes) == set(declared.attributes), one
    AssociationLnV0.attributes[2].check(Data.array(elements))


@pytest.mark.parametrize("data", [Data.array([Data.null()]), Data.array([Data.structure([])]), Data.null()])
def test_a_list_that_is_none(data: Data) -> None:
    with pytest.raises(DecodeError):
        read_object_list(data, 3)
