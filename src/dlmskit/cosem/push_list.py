"""One entry of a push object list: an attribute, or what is selected of it (Blue Book, class 40, push_object_list).

Versions 0 and 1 of the list know less: an entry without restriction and columns takes the whole attribute. Data protection
and Compact data have lists of the same entries.
"""

from __future__ import annotations

from dataclasses import dataclass

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import Operation
from dlmskit.cosem.classes.profile_generic import BUFFER, ProfileGeneric
from dlmskit.cosem.declaration import Caller, Request
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.selective import BY_ENTRY, BY_RANGE, CaptureObject, EntryDescriptor, RangeDescriptor
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.enums import DataAccessResult

_BY_DATE, _BY_ENTRY = 1, 2
_BOUNDS = {_BY_DATE: Tag.OCTET_STRING, _BY_ENTRY: Tag.DOUBLE_LONG_UNSIGNED}
_DATE_OCTETS = 5
_CLOCK = 8
_LARGEST_ELEMENT = 0x0FFF
"""Above it, data_index has a meaning for profiles that no public source states reliably."""
_MIDNIGHT, _LAST_MOMENT = CosemTime.of(0, 0, 0, 0), CosemTime.of(23, 59, 59, 99)
_NO_DEVIATION = b"\x80\x00\xff"


@dataclass(frozen=True, slots=True)
class PushEntry:
    """What one element of the body is made of."""

    wanted: CaptureObject
    restriction: int = 0
    bounds: tuple[Data, ...] = ()
    """First and last date, or first and last entry."""
    columns: tuple[CaptureObject, ...] = ()
    """Of a profile, in the order wanted; empty: all of them."""

    @classmethod
    def from_data(cls, entry: Data) -> PushEntry:
        """Read an element of push_object_list of any version, whose type was checked."""
        members = entry.elements()
        wanted = CaptureObject.from_data(Data.structure(members[:4]))
        if len(members) == 4:
            return cls(wanted)
        kind, value = members[4].elements()
        bounds = value.elements() if value.tag == Tag.STRUCTURE else ()
        columns = CaptureObject.list_from_data(members[5]) if len(members) > 5 else ()
        return cls(wanted, kind.value, bounds, columns)

    def may_be_read_by(self, caller: Caller | None) -> bool:
        """Whether all of it may be read; of attribute 0, which is a structure, it is asked for each part."""
        if caller is None or self.wanted.attribute_index == 0:
            return True
        wanted = self.wanted
        return caller.may(Operation.GET, wanted.class_id, wanted.logical_name, wanted.attribute_index)

    def check(self) -> None:
        """Raise ServiceError (other-reason) for a selection that cannot be made of this attribute."""
        wanted = self.wanted
        if wanted.data_index > _LARGEST_ELEMENT:
            raise _refusal(self, f"data_index {wanted.data_index:#06x} is not known")
        selects = self.restriction or self.columns
        if selects and (wanted.class_id, wanted.attribute_index) != (ProfileGeneric.class_id, BUFFER):
            raise _refusal(self, "only the buffer of a profile has restrictions and columns")
        if self.restriction and [bound.tag for bound in self.bounds] != [_BOUNDS.get(self.restriction)] * 2:
            raise _refusal(self, f"restriction {self.restriction} does not fit its value")
        if self.restriction == _BY_DATE and any(len(date.value) != _DATE_OCTETS for date in self.bounds):
            raise _refusal(self, f"a date has {_DATE_OCTETS} octets")


def taken(entry: PushEntry, tree: ObjectTree) -> Data:
    """What an entry takes of a logical device, with the device's own rights; null-data for what does not exist.

    Raises ServiceError (other-reason) for a selection that cannot be made.
    """
    wanted = entry.wanted
    if not entry.restriction and not entry.columns:
        return tree.captured(wanted)
    key = wanted.class_id, wanted.logical_name
    profile = tree.get(*key) if key in tree else None
    return element(selected(entry, profile), wanted.data_index) if isinstance(profile, ProfileGeneric) else Data.null()


def selected(entry: PushEntry, profile: ProfileGeneric) -> Data:
    """The rows and columns of a profile that an entry selects. Raises ServiceError (other-reason)."""
    if entry.restriction == _BY_ENTRY:
        first, last = (bound.value for bound in entry.bounds)
        rows = profile.get(BUFFER, Request(BUFFER, BY_ENTRY, EntryDescriptor(first, last).to_data()))
        return _only(rows, _positions(entry, profile)) if entry.columns else rows
    restricting, bounds = profile.columns[0] if profile.columns else entry.wanted, (Data.null(), Data.null())
    if entry.restriction == _BY_DATE:
        clocks = [column for column in profile.columns if column.class_id == _CLOCK and column.attribute_index == 2]
        if not clocks:
            raise _refusal(entry, "the profile has no column of time")
        restricting, bounds = clocks[0], (_moment(entry.bounds[0], _MIDNIGHT), _moment(entry.bounds[1], _LAST_MOMENT))
    parameters = RangeDescriptor(restricting, *bounds, entry.columns).to_data()
    return profile.get(BUFFER, Request(BUFFER, BY_RANGE, parameters))


def _positions(entry: PushEntry, profile: ProfileGeneric) -> list[int]:
    captured = profile.columns
    if strange := [column for column in entry.columns if column not in captured]:
        raise _refusal(entry, f"{strange[0].logical_name} is not captured")
    return [captured.index(column) for column in entry.columns]


def _only(rows: Data, positions: list[int]) -> Data:
    return Data.array(Data.structure([row.elements()[at] for at in positions]) for row in rows.elements())


def _moment(date: Data, time: CosemTime) -> Data:
    """The begin or end of a day as the end of a range; a date in which nothing is specified is an open end."""
    octets = CosemDate(bytes(date.value)).octets
    if octets == b"\xff" * _DATE_OCTETS:
        return Data.null()
    return Data.octet_string(CosemDateTime(octets + time.octets + _NO_DEVIATION))


def element(value: Data, data_index: int) -> Data:
    """The element of an array or structure, counted from 1; 0 is the whole. Null-data where there is none."""
    if not data_index:
        return value
    elements = value.elements() if value.tag in {Tag.ARRAY, Tag.STRUCTURE} else ()
    return elements[data_index - 1] if data_index <= len(elements) else Data.null()


def _refusal(entry: PushEntry, why: str) -> ServiceError:
    return ServiceError(DataAccessResult.OTHER_REASON, f"selection of {entry.wanted.logical_name}", why)
