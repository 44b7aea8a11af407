"""Interface class 62, Compact data (Blue Book 4.3.8): values in a row without their types, and the types apart.

The buffer is the contents of one structure, as in a compact-array; the template says what is in it, and has a number of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import Operation
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import CAPTURE_OBJECT, RESTRICTION
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.push_list import PushEntry, taken
from dlmskit.cosem.selective import CaptureObject
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

BUFFER = 2
_RESTRICTED_OBJECT = (
    "structure{class_id:long-unsigned,logical_name:logical-name,attribute_index:integer,data_index:long-unsigned,"
    f"{RESTRICTION},columns:array<{CAPTURE_OBJECT}>}}"
)


class CaptureMethod(IntEnum):
    """capture_method."""

    BY_METHOD = 0
    ON_READING = 1


class CompactDataV0(InterfaceClass, class_id=62, version=0, name="Compact data"):
    """Version 0. The first capture object is normally template_id of the object itself."""

    compact_buffer = attribute(BUFFER, "octet-string", dynamic=True)
    capture_objects = attribute(3, f"array<{CAPTURE_OBJECT}>", writable=True)
    template_id = attribute(4, "unsigned", writable=True)
    template_description = attribute(5, "octet-string", dynamic=True)
    capture_method = attribute(6, "enum{0=by_method_capture,1=implicit_on_read_of_compact_buffer}", writable=True)

    @method(1)
    def reset(self) -> None:
        """Empty the buffer; template and configuration stay."""
        self.clear(BUFFER)

    @method(2)
    def capture(self) -> None:
        """Copy the capture objects into the buffer. What cannot be read, a secret above all, is null-data."""
        values = [taken(PushEntry.from_data(entry), self.tree) for entry in self.stored(3).elements()]
        self.store(5, Data.octet_string(TypeDescription.structure(*map(_described, values)).encode()))
        self.store(BUFFER, Data.octet_string(b"".join(map(_untagged, values))))

    @compact_buffer.reader
    def _read_buffer(self, request: Request) -> Data:
        if self.stored(6).value == CaptureMethod.ON_READING:
            self.capture()
        return self.stored(BUFFER)

    @capture_objects.writer
    def _write_capture_objects(self, value: Data, request: Request) -> None:
        """Another list empties the buffer and takes the next template_id, so that no reader mistakes it for the one before."""
        for data in value.elements():
            entry = PushEntry.from_data(data)
            entry.check()
            if entry.wanted[:3] == (*self.key, BUFFER):
                raise ServiceError(DataAccessResult.OTHER_REASON, "capture_objects", "it cannot capture its own buffer")
            self._check_right(entry.wanted, request)
        changed = value != self.stored(3)
        self.store(3, value)
        if changed:
            self.store(4, Data.unsigned((self.stored(4).value + 1) % 256))
            self.reset()
            self.clear(5)

    def _check_right(self, one: CaptureObject, request: Request) -> None:
        """Nobody captures what he may not read himself (R-041)."""
        numbers: Sequence[int] = [one.attribute_index]
        if not one.attribute_index:
            numbers = list(self.tree.get(one.class_id, one.logical_name).attributes)
        caller = request.caller
        if caller is not None and not all(caller.may(Operation.GET, *one[:2], number) for number in numbers):
            raise ServiceError(DataAccessResult.READ_WRITE_DENIED, "capture_objects", str(one.logical_name))


class CompactData(CompactDataV0, version=1):
    """Version 1: of the buffer of a profile, the rows and columns that are named. Other rows are another template_description."""

    capture_objects = CompactDataV0.capture_objects.retyped(f"array<{_RESTRICTED_OBJECT}>")


def _described(value: Data) -> TypeDescription:
    """The type of a value; ServiceError where its elements differ, since a template has one type for all."""
    if value.tag == Tag.STRUCTURE:
        return TypeDescription.structure(*map(_described, value.elements()))
    if value.tag == Tag.ARRAY:
        kinds = [_described(element) for element in value.elements()] or [TypeDescription.simple(Tag.NULL_DATA)]
        if any(kind != kinds[0] for kind in kinds):
            raise ServiceError(DataAccessResult.OTHER_REASON, "capture", "the elements of an array have different types")
        return TypeDescription.array(len(value.elements()), kinds[0])
    if value.tag == Tag.COMPACT_ARRAY:
        raise ServiceError(DataAccessResult.OTHER_REASON, "capture", "a compact-array does not fit into compact data")
    return TypeDescription.simple(value.tag)


def _untagged(value: Data) -> bytes:
    if value.tag in {Tag.STRUCTURE, Tag.ARRAY}:
        return b"".join(map(_untagged, value.elements()))
    return value.octets[1:]
