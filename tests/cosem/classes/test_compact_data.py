"""Values without their types: what gurux_dlms makes of our buffer and template, and when a template changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, ObjectRights, Role
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.compact_data import CaptureMethod, CompactData, CompactDataV0
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import ObjectView
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemDateTime
from dlmskit.types.enums import DataAccessResult

NAME = "0.0.66.0.1.255"


@pytest.fixture
def compact() -> CompactDataV0:
    made = CompactDataV0(
        NAME,
        capture_objects=[(62, NAME, 4, 0), (3, "1.0.1.8.0.255", 2, 0), (1, "0.0.96.1.0.255", 2, 0), (3, "1.0.1.8.0.255", 3, 1)],
        template_id=7,
    )
    register = Register("1.0.1.8.0.255", value=Data.double_long_unsigned(0x01020304), scaler_unit=(-3, 30))
    ObjectTree([made, register, DataObject("0.0.96.1.0.255", value=Data.octet_string(b"AB"))])
    return made


def test_the_buffer_is_the_contents_of_a_structure(compact: CompactDataV0) -> None:
    compact.action(2, Data.integer(0))
    assert compact.compact_buffer == bytes.fromhex("07 01020304 024142 FD")
    assert compact.template_description == bytes.fromhex("02 04 11 06 09 0F")


def test_template_and_buffer_make_a_compact_array(compact: CompactDataV0) -> None:
    """The two halves, put together as the standard does in one: any reader of compact-array reads them."""
    compact.action(2, Data.integer(0))
    contents = compact.compact_buffer
    whole = Data.decode(b"\x13" + compact.template_description + bytes((len(contents),)) + contents)
    assert whole.value == [(7, 0x01020304, b"AB", -3)]


def test_reading_captures_where_it_is_told_to(compact: CompactDataV0) -> None:
    compact.capture_method = CaptureMethod.BY_METHOD
    assert compact.compact_buffer == b""
    compact.capture_method = CaptureMethod.ON_READING
    assert compact.compact_buffer[0] == 7


def test_another_list_is_another_template(compact: CompactDataV0) -> None:
    compact.action(2, Data.integer(0))
    compact.capture_objects = compact.capture_objects
    assert (compact.template_id, bool(compact.compact_buffer)) == (7, True)
    compact.capture_objects = [(62, NAME, 4, 0)]
    assert (compact.template_id, compact.compact_buffer, compact.template_description) == (8, b"", b"")


def test_it_does_not_capture_itself(compact: CompactDataV0) -> None:
    with pytest.raises(ServiceError):
        compact.capture_objects = [(62, NAME, 2, 0)]
    assert len(compact.capture_objects) == 4


@pytest.mark.case("R-041")
def test_nobody_captures_what_he_may_not_read(compact: CompactDataV0) -> None:
    rights = ObjectRights({1: AccessMode.READ, 3: AccessMode.READ_WRITE}, {})
    view = ObjectView(compact.tree, Role("reader", {compact.key: rights}))
    wanted = compact.attribute(3).kind.encode([(1, "0.0.96.1.0.255", 2, 0)])
    assert view.set(*compact.key, 3, wanted).result == DataAccessResult.READ_WRITE_DENIED
    assert len(compact.capture_objects) == 4


def test_what_has_no_one_type_is_refused(compact: CompactDataV0) -> None:
    odd = Data.array([Data.unsigned(1), Data.long(1)])
    compact.tree.add(DataObject("0.0.96.1.1.255", value=odd))
    compact.tree.add(DataObject("0.0.96.1.2.255", value=Data.array([Data.unsigned(1), Data.unsigned(2)])))
    compact.capture_objects = [(1, "0.0.96.1.1.255", 2, 0)]
    with pytest.raises(ServiceError):
        compact.action(2, Data.integer(0))
    compact.capture_objects = [(1, "0.0.96.1.2.255", 2, 0)]
    compact.action(2, Data.integer(0))
    assert (compact.template_description, compact.compact_buffer) == (bytes.fromhex("02 01 01 0002 11"), b"\x01\x02")


def test_reset_empties_the_buffer(compact: CompactDataV0) -> None:
    compact.action(2, Data.integer(0))
    compact.action(1, Data.integer(0))
    assert compact.compact_buffer == b""


def test_version_1_without_restrictions_is_version_0() -> None:
    made = CompactData(NAME, capture_objects=[(62, NAME, 4, 0, (0, None), [])], template_id=3)
    ObjectTree([made])
    made.action(2, Data.integer(0))
    assert made.compact_buffer == b"\x03"


LOAD, CLOCK = "1.0.99.1.0.255", "0.0.1.0.0.255"
LAST_DAY = CosemDate.of(2024, 1, 16).octets


@pytest.fixture
def selecting() -> CompactData:
    """Compact data beside a profile of eight six-hourly rows from 2024-01-15 00:00."""
    profile = ProfileGeneric(
        LOAD, capture_objects=[(8, CLOCK, 2, 0), (3, "1.0.1.8.0.255", 2, 0)], profile_entries=20, capture_period=21600
    )
    for index in range(8):
        moment = CosemDateTime.from_datetime(datetime(2024, 1, 15, tzinfo=UTC) + timedelta(hours=6 * index))
        profile.insert(Data.structure((Data.octet_string(moment), Data.unsigned(index))))
    made = CompactData(NAME, template_id=1)
    ObjectTree([made, profile, Clock(CLOCK), Register("1.0.1.8.0.255", value=Data.unsigned(9))])
    return made


def captured(one: CompactData, *entries: tuple[object, ...]) -> list[object]:
    """What a reader makes of buffer and template, joined into a compact-array."""
    one.capture_objects = entries
    one.action(2, Data.integer(0))
    contents = one.compact_buffer
    (values,) = Data.decode(b"\x13" + one.template_description + bytes((len(contents),)) + contents).value
    return list(values)


def test_version_1_takes_the_rows_and_columns_that_are_named(selecting: CompactData) -> None:
    values = [(3, "1.0.1.8.0.255", 2, 0)]
    by_entry, by_date = (2, (3, 5)), (1, (LAST_DAY, LAST_DAY))
    assert captured(selecting, (7, LOAD, 2, 0, by_entry, values)) == [[(2,), (3,), (4,)]]
    assert captured(selecting, (7, LOAD, 2, 0, by_date, values)) == [[(4,), (5,), (6,), (7,)]]
    assert captured(selecting, (7, LOAD, 2, 1, by_date, values), (3, "1.0.1.8.0.255", 2, 0, (0, None), [])) == [(4,), 9]
    assert [row[1] for row in captured(selecting, (7, LOAD, 2, 0, by_entry, []))[0]] == [2, 3, 4]  # type: ignore[attr-defined]
    missing = 7, "1.0.99.9.0.255", 2, 0, by_entry, values
    assert captured(selecting, missing, (3, "1.0.1.8.0.255", 2, 0, (0, None), [])) == [None, 9]


def test_no_other_attribute_has_rows(selecting: CompactData) -> None:
    strange: list[tuple[object, ...]] = [
        (3, "1.0.1.8.0.255", 2, 0, (2, (1, 2)), []),
        (7, LOAD, 2, 0, (1, (1, 2)), []),
        (7, LOAD, 2, 0x1001, (0, None), []),
    ]
    for entry in strange:
        with pytest.raises(ServiceError) as refusal:
            selecting.capture_objects = [entry]
        assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert selecting.capture_objects == []
    selecting.capture_objects = [(7, LOAD, 2, 0, (2, (1, 2)), [(3, "1.0.2.8.0.255", 2, 0)])]
    with pytest.raises(ServiceError, match="not captured"):
        selecting.action(2, Data.integer(0))
