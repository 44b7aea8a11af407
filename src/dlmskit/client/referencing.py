"""How the words of a client become services: by logical names here, by short names in `dlmskit.client.short_names`.

Both have the same four services, so that everything above need not know which one a meter speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dlmskit.apdu import (
    AccessRequestGet,
    ActionResponseWithOptionalData,
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    CosemMethodDescriptor,
    SelectiveAccessDescriptor,
)
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.errors import InvocationCounterRefused, RequestRefused
from dlmskit.association.ports import Exchange, Tell
from dlmskit.codec.data import Data
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import DataAccessResult

LONGEST_LIST = 16
"""Attributes asked for in one request; meters take fewer than the standard allows."""

_OCTETS_OF_AN_ITEM = 11
_OCTETS_AROUND = 64
"""Protection, titles and the head of the request."""


class Referencing(Protocol):
    """Services on attributes and methods by class, logical name and number. Raises what `ClientAssociation` raises."""

    def get(self, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, /) -> Exchange[Data | int]:
        """A value, or a data-access-result."""
        ...

    def get_list(self, descriptors: Sequence[CosemAttributeDescriptor], /) -> Exchange[list[Data | int]]:
        """For each its value or data-access-result, in as few requests as were negotiated."""
        ...

    def set(
        self, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None, /
    ) -> Exchange[int]:
        """A data-access-result."""
        ...

    def action(self, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Exchange[ActionResponseWithOptionalData]:
        """An action-result and what was returned."""
        ...

    def set_unconfirmed(
        self, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None, /
    ) -> Exchange[None]:
        """Written without an answer."""
        ...

    def action_unconfirmed(self, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Exchange[None]:
        """Invoked without an answer."""
        ...


def list_size(association: ClientAssociation, octets_of_an_item: int = _OCTETS_OF_AN_ITEM) -> int:
    """How many attributes one request may ask for."""
    context = association.context
    receives = 0xFFFF if context is None else context.server_max_receive_pdu_size or 0xFFFF
    return max(1, min(LONGEST_LIST, (receives - _OCTETS_AROUND) // octets_of_an_item))


def takes_access(association: ClientAssociation) -> bool:
    """Whether ACCESS was negotiated, and the general protection that it needs where requests are protected."""
    context = association.context
    if context is None or Conformance.ACCESS not in context.conformance:
        return False
    return Conformance.GENERAL_PROTECTION in context.conformance or not association.protects


class LogicalNames:
    """Logical-name referencing: GET, SET, ACTION. Many attributes go by ACCESS, else by GET with list, else one by one."""

    def __init__(self, association: ClientAssociation) -> None:
        self._association = association
        self.get, self.set, self.action = association.get, association.set, association.action
        self._access = takes_access(association)

    def set_unconfirmed(
        self, descriptor: CosemAttributeDescriptor, value: Data, selection: SelectiveAccessDescriptor | None, /
    ) -> Exchange[None]:
        """SET with service class "unconfirmed"."""
        yield Tell((self._association.set_unconfirmed(descriptor, value, selection),))

    def action_unconfirmed(self, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Exchange[None]:
        """ACTION with service class "unconfirmed"."""
        yield Tell((self._association.action_unconfirmed(descriptor, parameters),))

    def get_list(self, descriptors: Sequence[CosemAttributeDescriptor], /) -> Exchange[list[Data | int]]:
        """In requests of a size that the meter takes."""
        context = self._association.context
        listed = context is not None and Conformance.MULTIPLE_REFERENCES in context.conformance
        size = list_size(self._association) if listed or self._access else 1
        found: list[Data | int] = []
        for at in range(0, len(descriptors), size):
            some = descriptors[at : at + size]
            if len(some) == 1:
                found.append((yield from self.get(some[0])))
            elif self._access:
                found += yield from self._by_access(some)
            else:
                found += yield from self._association.get_list([CosemAttributeDescriptorWithSelection(one) for one in some])
        return found

    def _by_access(self, some: Sequence[CosemAttributeDescriptor]) -> Exchange[list[Data | int]]:
        """ACCESS has no blocks: what did not fit is asked for alone. A meter that refuses it is not asked again."""
        try:
            outcomes = yield from self._association.access([AccessRequestGet(one) for one in some])
        except InvocationCounterRefused:
            raise
        except RequestRefused:
            self._access = False
            return (yield from self.get_list(some))
        found: list[Data | int] = []
        for descriptor, outcome in zip(some, outcomes, strict=True):
            if outcome.result == DataAccessResult.OTHER_REASON:
                found.append((yield from self.get(descriptor)))
            else:
                found.append(outcome.result or outcome.data)
        return found
