"""The object list of Association LN: its elements in the notation of each version, both ways (Blue Book 4.4.4).

A server writes elements from a role; a client reads them into the same rights. Which objects are listed is decided by
`dlmskit.cosem.view`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import (
    AccessMode,
    ObjectKey,
    ObjectRights,
    attribute_mode,
    attribute_mode_number,
    method_mode,
    method_mode_number,
)
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.obis import Obis

EVERYTHING, BY_CLASS, BY_OBJECTS, BY_OBJECT = 1, 2, 3, 4
"""Access selectors: all; of these classes, without rights; these objects; this object."""

_PLAIN_MODES = "0=no_access,1=read_only,2=write_only,3=read_and_write"
_AUTHENTICATED_MODES = "4=authenticated_read_only,5=authenticated_write_only,6=authenticated_read_and_write"
_ATTRIBUTE_MODE = {
    0: f"enum{{{_PLAIN_MODES}}}",
    1: f"enum{{{_PLAIN_MODES},{_AUTHENTICATED_MODES}}}",
    2: f"enum{{{_PLAIN_MODES},{_AUTHENTICATED_MODES}}}",
    3: "enum",
}
_METHOD_MODE = {
    0: "boolean",
    1: "enum{0=no_access,1=access,2=authenticated_access}",
    2: "enum{0=no_access,1=access,2=authenticated_access}",
    3: "enum",
}


def access_kinds(version: int) -> tuple[str, str]:
    """Types of attribute_access and method_access in Association LN ``version``."""
    return (
        (
            f"array<structure{{attribute_id:integer,access_mode:{_ATTRIBUTE_MODE[version]},"
            "access_selectors:choice{null-data,array<integer>}}>"
        ),
        f"array<structure{{method_id:integer,access_mode:{_METHOD_MODE[version]}}}>",
    )


def element_kind(version: int) -> str:
    """Type of object_list_element in Association LN ``version``."""
    attributes, methods = access_kinds(version)
    return (
        "structure{class_id:long-unsigned,version:unsigned,logical_name:logical-name,access_rights:structure{"
        f"attribute_access:{attributes},method_access:{methods}}}}}"
    )


def element(logical_name: Obis, one: InterfaceClass, rights: ObjectRights | None, version: int) -> Data:
    """The element of one object; without ``rights`` both access lists are empty, as selector BY_CLASS wants them."""
    empty = Data.array(())
    lists = (empty, empty) if rights is None else access_lists(one, rights, version)
    return Data.structure(
        (
            Data.long_unsigned(one.class_id),
            Data.unsigned(one.version),
            Data.octet_string(logical_name),
            Data.structure(lists),
        )
    )


def access_lists(one: InterfaceClass, rights: ObjectRights, version: int) -> tuple[Data, Data]:
    """attribute_access and method_access of one object."""
    attributes = [_attribute_access(one, number, rights, version) for number in one.attributes]
    # Real meters list no method that they have not got.
    methods = [_method_access(number, rights, version) for number, word in one.methods.items() if not word.absent]
    return Data.array(attributes), Data.array(methods)


def _attribute_access(one: InterfaceClass, number: int, rights: ObjectRights, version: int) -> Data:
    mode = rights.attributes.get(number, AccessMode.NONE)
    if number == 1:
        mode |= AccessMode.READ
    selectors = one.attributes[number].selectors
    listed = Data.array(map(Data.integer, selectors)) if selectors else Data.null()
    return Data.structure((Data.integer(number), Data.enum(attribute_mode_number(mode, version)), listed))


def _method_access(number: int, rights: ObjectRights, version: int) -> Data:
    mode = method_mode_number(rights.methods.get(number, AccessMode.NONE), version)
    return Data.structure((Data.integer(number), Data.enum(mode) if version else Data.boolean(bool(mode))))


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object as a client reads it from an object list."""

    class_id: int
    version: int
    logical_name: Obis
    rights: ObjectRights

    @classmethod
    def from_data(cls, data: Data, version: int) -> ListedObject:
        """Read object_list_element of Association LN ``version``; DecodeError (EncodeError for a mode) where it is none."""
        try:
            class_id, object_version, name, (attributes, methods) = data.value
            return cls(int(class_id), int(object_version), Obis(bytes(name)), _rights(attributes, methods, version))
        except (TypeError, ValueError) as error:
            raise DecodeError("not an element of an object list", path="object_list") from error


@dataclass(frozen=True, slots=True)
class ListedName:
    """One object as a client reads it from the object list of Association SN, which says no rights."""

    base_name: int
    """From 0 to FFFF."""
    class_id: int
    version: int
    logical_name: Obis

    @classmethod
    def from_data(cls, data: Data) -> ListedName:
        """Read an element; DecodeError where it is none."""
        try:
            base_name, class_id, version, name = data.value
            return cls(int(base_name) & 0xFFFF, int(class_id), int(version), Obis(bytes(name)))
        except (TypeError, ValueError) as error:
            raise DecodeError("not an element of an object list", path="object_list") from error

    def with_rights(self, rights: ObjectRights) -> ListedObject:
        """The same as an object with rights."""
        return ListedObject(self.class_id, self.version, self.logical_name, rights)


def read_access_rights(data: Data, version: int) -> dict[int, ObjectRights]:
    """Read access_rights_list of Association SN by base name, its modes as in Association LN ``version``."""
    try:
        return {
            int(base_name) & 0xFFFF: _rights(attributes, methods, version)
            for base_name, attributes, methods in (element.value for element in data.elements())
        }
    except (TypeError, ValueError) as error:
        raise DecodeError("not a list of access rights", path="access_rights_list") from error


def _rights(attributes: Any, methods: Any, version: int) -> ObjectRights:
    return ObjectRights(
        {number: attribute_mode(int(mode), version) for number, mode, _ in attributes},
        {number: method_mode(int(mode), version) for number, mode in methods},
    )


def read_object_list(data: Data, version: int) -> list[ListedObject]:
    """Read a whole object_list of Association LN ``version``."""
    return [ListedObject.from_data(item, version) for item in data.elements()]


def requested_keys(selector: int, parameter: Data, limits: Limits = DEFAULT) -> set[ObjectKey]:
    """The objects that a client names with selector BY_OBJECTS or BY_OBJECT; DecodeError for anything else."""
    named = (parameter,) if selector == BY_OBJECT else parameter.elements()
    if len(named) > limits.list_items:
        raise DecodeError(f"at most {limits.list_items} objects can be named")
    return {_key(item) for item in named}


def requested_classes(parameter: Data, limits: Limits = DEFAULT) -> set[int]:
    """The classes that a client names with selector BY_CLASS; DecodeError for anything else."""
    named = parameter.elements()
    if len(named) > limits.list_items or any(item.tag != Tag.LONG_UNSIGNED for item in named):
        raise DecodeError("an array of class_id is expected")
    return {item.value for item in named}


def _key(data: Data) -> ObjectKey:
    members = data.elements()
    if [member.tag for member in members] != [Tag.LONG_UNSIGNED, Tag.OCTET_STRING]:
        raise DecodeError("a structure of class_id and logical_name is expected")
    return members[0].value, Obis(members[1].value)
