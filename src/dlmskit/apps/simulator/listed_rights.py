"""The rights that the model of a real meter lists, object by object: what a client may do there, never weaker than we allow."""

from __future__ import annotations

from dlmskit.cosem.access import AccessMode, ObjectKey, ObjectRights, Operation, floor_of
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.classes.security_setup import SecuritySetupV0
from dlmskit.cosem.model import InterfaceClass
from dlmskit.server import Grants
from dlmskit.server.rights import KnownRights

_COUNTER = ObjectRights({1: AccessMode.READ, 2: AccessMode.READ}, {})


def _tells_a_counter(one: InterfaceClass) -> bool:
    """Whether a new client finds its invocation counter there: everybody may look, whatever the model lists."""
    return one.class_id == 1 and one.obis.octets[:4] == bytes((0, 0, 43, 1))


class ListedRights(Grants):
    """Rights that name every object: those of a model."""

    __slots__ = ("listed",)
    listed: dict[ObjectKey, ObjectRights]

    def __init__(self, listed: dict[ObjectKey, ObjectRights]) -> None:
        super().__init__()
        object.__setattr__(self, "listed", listed)

    # Grants are equal where their patterns are, and here are none.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def _on(self, one: InterfaceClass, own: AssociationObject | None, known: KnownRights) -> ObjectRights:
        if one is own:
            return super()._on(one, own, known)
        rights = self.listed.get(one.key)
        if rights is None:
            return _COUNTER if _tells_a_counter(one) else ObjectRights({}, {})
        attributes = {
            number: _floored(one, Operation.SET, number, rights.attributes.get(number, AccessMode.NONE))
            for number in one.attributes
        }
        methods = {
            number: _floored(one, Operation.ACTION, number, mode)
            for number, mode in rights.methods.items()
            if number in one.methods and not one.methods[number].absent and mode
        }
        return ObjectRights(attributes, methods)


def _floored(one: InterfaceClass, operation: Operation, number: int, mode: AccessMode) -> AccessMode:
    """A real meter's right, never weaker than we allow; and what describes an association is not written."""
    if isinstance(one, AssociationObject | SecuritySetupV0):
        return mode & AccessMode.READ if operation is Operation.SET else AccessMode.NONE
    return mode | floor_of(one.class_id, operation, number) if mode & AccessMode.WRITE or operation is Operation.ACTION else mode
