"""Short-name referencing: the same words over READ and WRITE. What a code is called is read once from the meter's object list.

Where the methods of a class begin comes from its declaration (`dlmskit.cosem.short_names`).
"""

from __future__ import annotations

from collections.abc import Sequence

from dlmskit.apdu import (
    ActionResponseWithOptionalData,
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    ParameterizedAccess,
    SelectiveAccessDescriptor,
    VariableName,
)
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.client.short_names import Variable
from dlmskit.association.ports import Exchange, Tell
from dlmskit.client.directory import declared_class
from dlmskit.client.referencing import LogicalNames, Referencing, list_size
from dlmskit.codec.data import Data
from dlmskit.cosem.access import ObjectKey
from dlmskit.cosem.declaration import NO_RESULT
from dlmskit.cosem.object_list import ListedName
from dlmskit.cosem.short_names import ASSOCIATION_SN, CURRENT_ASSOCIATION_NAME, attribute_offset, method_offset, signed
from dlmskit.errors import LocalProtocolError, ServiceError
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, DataAccessResult, member_or_int
from dlmskit.types.obis import Obis

_OCTETS_OF_AN_ITEM = 3
_OBJECT_LIST = CURRENT_ASSOCIATION_NAME + attribute_offset(2)
_METHOD_SELECTOR = 0
_CURRENT = Obis("0.0.40.0.0.255")


class ShortNames:
    """The services of one open association by short names."""

    def __init__(self, association: ClientAssociation) -> None:
        self._association = association
        self._objects: dict[ObjectKey, ListedName] | None = None

    # --- The services ---

    def get(self, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, /) -> Exchange[Data | int]:
        """READ of one name."""
        if not descriptor.attribute_id:
            raise LocalProtocolError("attribute 0 has no short name: name the attributes")
        base = yield from self._base(descriptor.class_id, descriptor.instance_id)
        if base is None:
            return int(DataAccessResult.OBJECT_UNDEFINED)
        return (yield from self._association.read_names([_variable(base, descriptor, selection)]))[0]

    def get_list(self, descriptors: Sequence[CosemAttributeDescriptor], /) -> Exchange[list[Data | int]]:
        """READ of several names where that was negotiated."""
        variables: dict[int, Variable] = {}
        for index, descriptor in enumerate(descriptors):
            base = yield from self._base(descriptor.class_id, descriptor.instance_id)
            if base is not None:
                variables[index] = _variable(base, descriptor, None)
        context = self._association.context
        listed = context is not None and Conformance.MULTIPLE_REFERENCES in context.conformance
        size = list_size(self._association, _OCTETS_OF_AN_ITEM) if listed else 1
        found: list[Data | int] = [int(DataAccessResult.OBJECT_UNDEFINED)] * len(descriptors)
        indexes = list(variables)
        for at in range(0, len(indexes), size):
            some = indexes[at : at + size]
            results = yield from self._association.read_names([variables[index] for index in some])
            for index, result in zip(some, results, strict=True):
                found[index] = result
        return found

    def set(
        self, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None, /
    ) -> Exchange[int]:
        """WRITE of one name."""
        base = yield from self._base(descriptor.class_id, descriptor.instance_id)
        if base is None:
            return int(DataAccessResult.OBJECT_UNDEFINED)
        return (yield from self._association.write_names([_variable(base, descriptor, selection)], [value]))[0]

    def action(self, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Exchange[ActionResponseWithOptionalData]:
        """A READ where the method returns something, else a WRITE."""
        listed = yield from self._listed(descriptor.class_id, descriptor.instance_id)
        if listed is None:
            return ActionResponseWithOptionalData(int(ActionResult.OBJECT_UNDEFINED))
        name, returns = _method(listed, descriptor.method_id)
        if not returns:
            given = Data.integer(0) if parameters is None else parameters
            results = yield from self._association.write_names([VariableName(name)], [given])
            return ActionResponseWithOptionalData(results[0])
        variable = VariableName(name) if parameters is None else ParameterizedAccess(name, _METHOD_SELECTOR, parameters)
        result = (yield from self._association.read_names([variable]))[0]
        if isinstance(result, Data):
            return ActionResponseWithOptionalData(int(ActionResult.SUCCESS), result)
        return ActionResponseWithOptionalData(result)

    def set_unconfirmed(
        self, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None, /
    ) -> Exchange[None]:
        """UnconfirmedWrite of one name."""
        base = yield from self._base(descriptor.class_id, descriptor.instance_id)
        if base is None:
            raise _unlisted(descriptor.instance_id)
        yield Tell((self._association.write_names_unconfirmed([_variable(base, descriptor, selection)], [value]),))

    def action_unconfirmed(self, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Exchange[None]:
        """UnconfirmedWrite of the name of a method."""
        listed = yield from self._listed(descriptor.class_id, descriptor.instance_id)
        if listed is None:
            raise _unlisted(descriptor.instance_id)
        name, _ = _method(listed, descriptor.method_id)
        given = Data.integer(0) if parameters is None else parameters
        yield Tell((self._association.write_names_unconfirmed([VariableName(name)], [given]),))

    # --- The names ---

    def _base(self, class_id: int, instance_id: bytes) -> Exchange[int | None]:
        """The base name of an object; None for one that is not in the list."""
        if (class_id, instance_id) == (ASSOCIATION_SN, _CURRENT.octets):
            return CURRENT_ASSOCIATION_NAME
        listed = yield from self._listed(class_id, instance_id)
        return None if listed is None else listed.base_name

    def _listed(self, class_id: int, instance_id: bytes) -> Exchange[ListedName | None]:
        if self._objects is None:
            result = (yield from self._association.read_names([VariableName(signed(_OBJECT_LIST))]))[0]
            if isinstance(result, int):
                raise ServiceError(member_or_int(DataAccessResult, result), "object_list of Association SN")
            names = [ListedName.from_data(element) for element in result.elements()]
            self._objects = {(one.class_id, one.logical_name): one for one in names}
        return self._objects.get((class_id, Obis(instance_id)))


def _unlisted(instance_id: bytes) -> LocalProtocolError:
    return LocalProtocolError(f"{Obis(instance_id)} is not in the object list: it has no short name")


def _method(listed: ListedName, number: int) -> tuple[int, bool]:
    """The short name of a method, and whether it returns something. Raises LocalProtocolError where it has none."""
    declared = declared_class(listed.class_id, listed.version)
    offset = None if declared is None else method_offset(declared, number)
    if declared is None or offset is None:
        raise LocalProtocolError(f"method {number} of class {listed.class_id} has no short name known here")
    return signed(listed.base_name + offset), declared.methods[number].result != NO_RESULT


def names_of(association: ClientAssociation) -> Referencing:
    """The services of an association, by the names that it uses."""
    return ShortNames(association) if association.settings.short_names else LogicalNames(association)


def _variable(base: int, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None) -> Variable:
    name = signed(base + attribute_offset(descriptor.attribute_id))
    if selection is None:
        return VariableName(name)
    return ParameterizedAccess(name, selection.access_selector, selection.access_parameters)
