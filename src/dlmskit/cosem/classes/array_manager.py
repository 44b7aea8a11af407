"""Interface class 123, Array manager (Blue Book 4.4.10): single elements of arrays, read and changed by their number.

What a client may not do with the whole array it may not do with an element (robustness R-041). How ranges and entries nest is
not confirmed by a second source.
"""

from __future__ import annotations

from typing import Any

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import Operation
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import VALUE_DEFINITION
from dlmskit.cosem.model import THE_DEVICE, InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

RANGE = "structure{array_object_id:unsigned,range:structure{from_index:long-unsigned,to_index:long-unsigned}}"
ENTRY = "structure{array_object_id:unsigned,entry:structure{index:long-unsigned,data:any}}"


class ArrayManager(InterfaceClass, class_id=123, version=0, name="Array manager"):
    """Arrays by number. Elements are counted from 1; a range that ends with 0 goes to the last one."""

    array_object_list = attribute(2, f"array<structure{{array_object_id:unsigned,element:{VALUE_DEFINITION}}}>")

    @method(1, "unsigned", "long-unsigned")
    def retrieve_number_of_entries(self, array_object_id: int, request: Request = THE_DEVICE) -> int:
        """How many elements the array has."""
        return len(self._elements(array_object_id, Operation.GET, request)[1])

    @method(2, RANGE, "array<any>")
    def retrieve_entries(self, wanted: Any, request: Request = THE_DEVICE) -> Data:
        """Some elements of the array."""
        _, elements = self._elements(wanted.array_object_id, Operation.GET, request)
        return Data.array(elements[slice(*_range(wanted.range, len(elements)))])

    @method(3, ENTRY)
    def insert_entry(self, added: Any, request: Request = THE_DEVICE) -> None:
        """Insert an element in front of that number; 0, or one behind the last, puts it at the end."""
        element, elements = self._elements(added.array_object_id, Operation.SET, request)
        at = added.entry.index or len(elements) + 1
        if at > len(elements) + 1:
            raise ServiceError(DataAccessResult.OTHER_REASON, "insert_entry", f"the array has {len(elements)} elements")
        self._write(element, [*elements[: at - 1], _entry_data(request), *elements[at - 1 :]], request)

    @method(4, ENTRY)
    def update_entry(self, changed: Any, request: Request = THE_DEVICE) -> None:
        """Put another element in the place of one."""
        element, elements = self._elements(changed.array_object_id, Operation.SET, request)
        at = changed.entry.index
        if not 1 <= at <= len(elements):
            raise ServiceError(DataAccessResult.OTHER_REASON, "update_entry", f"the array has {len(elements)} elements")
        self._write(element, [*elements[: at - 1], _entry_data(request), *elements[at:]], request)

    @method(5, RANGE)
    def remove_entries(self, wanted: Any, request: Request = THE_DEVICE) -> None:
        """Take some elements out."""
        element, elements = self._elements(wanted.array_object_id, Operation.SET, request)
        first, last = _range(wanted.range, len(elements))
        self._write(element, [*elements[:first], *elements[last:]], request)

    def _elements(self, array_object_id: int, operation: Operation, request: Request) -> tuple[Any, list[Data]]:
        """The array that is meant, and its elements; ServiceError where it is none, or the caller may not have it."""
        element = next((one.element for one in self.array_object_list if one.array_object_id == array_object_id), None)
        if element is None:
            raise ServiceError(DataAccessResult.OBJECT_UNDEFINED, "array_object_id", f"no array {array_object_id}")
        needed = {operation, Operation.GET}
        if request.caller is not None and not all(request.caller.may(one, *element) for one in needed):
            raise ServiceError(DataAccessResult.READ_WRITE_DENIED, "array_object_id", str(element.logical_name))
        value = self.tree.get(element.class_id, element.logical_name).get(element.attribute_index)
        if value.tag != Tag.ARRAY:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "array_object_id", f"{value.type.name} is no array")
        return element, list(value.elements())

    def _write(self, element: Any, elements: list[Data], request: Request) -> None:
        one = self.tree.get(element.class_id, element.logical_name)
        one.set(element.attribute_index, Data.array(elements), Request(element.attribute_index, caller=request.caller))


def _range(wanted: Any, count: int) -> tuple[int, int]:
    last = wanted.to_index or count
    if not 1 <= wanted.from_index <= last <= count:
        raise ServiceError(DataAccessResult.OTHER_REASON, "range", f"the array has {count} elements")
    return wanted.from_index - 1, last


def _entry_data(request: Request) -> Data:
    """The element as it came: ``data`` of ``entry``."""
    if request.parameter is None:
        raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "entry", "parameter missing")
    return request.parameter.elements()[1].elements()[1]
