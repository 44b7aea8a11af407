"""The objects of a logical device behind the associations of one client: requests go to its view, results come back.

The association has asked `dlmskit.cosem.access.decide` before it calls; the view asks the same function again, because
captures, push lists and scripts come past there too (robustness R-041).
"""

from __future__ import annotations

from collections.abc import Callable

from dlmskit.apdu import CosemAttributeDescriptor, CosemMethodDescriptor, SelectiveAccessDescriptor
from dlmskit.association.ports import Request
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, Protection, Role
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.view import Fault, ObjectView, Outcome
from dlmskit.errors import ServiceError
from dlmskit.server.storage.failure import StoreFailed
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle


class CurrentRequest:
    """Whose request a logical device is serving, for the objects that must know who asks; and whether it may change anything now.

    ``promise`` raises `StoreFailed` where a change could not be kept.
    """

    __slots__ = ("promise", "request")

    def __init__(self, promise: Callable[[], None] | None = None) -> None:
        self.promise = promise
        self.request: Request | None = None
        """None while the device acts for itself."""

    def check_change(self) -> None:
        """Before a SET or ACTION of a client. Raises ServiceError temporary-failure where its outcome could not be kept.

        Not hardware-fault: nothing is wrong with the object, and the same request will do when the store works again. What
        is broken, the error register says.
        """
        if self.promise is not None:
            try:
                self.promise()
            except StoreFailed as error:
                raise ServiceError(DataAccessResult.TEMPORARY_FAILURE, "store", str(error)) from error

    @property
    def client_title(self) -> SystemTitle | None:
        """System title of the client, where its association has one."""
        return None if self.request is None else self.request.associated.context.client_system_title

    @property
    def protection(self) -> Protection:
        """What was verified on the request."""
        return Protection.NONE if self.request is None else Protection(int(self.request.protection))


class ObjectHandler:
    """A `ServiceHandler` for one association object and its role."""

    __slots__ = ("_association", "_current", "_fault", "_policy", "_role", "_views")

    def __init__(
        self, association: AssociationObject, policy: AccessMode, fault: Fault, current: CurrentRequest | None = None
    ) -> None:
        self._association = association
        self._current = current or CurrentRequest()
        self._policy = policy
        self._fault = fault
        self._role = association.role
        self._views: dict[int, ObjectView] = {}

    @property
    def policy(self) -> AccessMode:
        """The security policy in force."""
        return self._policy

    def govern(self, policy: AccessMode) -> None:
        """Take another security policy."""
        self._policy = policy
        self._views.clear()

    def role(self) -> Role:
        """The rights of the client, now."""
        return self._association.role

    def named(self, short_name: int, /) -> CosemAttributeDescriptor | CosemMethodDescriptor | None:
        """What a short name means; FA00 and what follows is the association of the client itself."""
        own = self._association
        found = own.tree.base_names.meaning(short_name, type(own))
        if found is None:
            return None
        (class_id, name), number = found.key, found.number
        kind = CosemMethodDescriptor if found.is_method else CosemAttributeDescriptor
        return kind(class_id, name.octets, number)

    def get(self, request: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, /) -> Data:
        """Read an attribute, or the selected part of it."""
        selector, parameter = _parts(selection)
        name = Obis(descriptor.instance_id)
        view = self._view(request)
        self._current.request = request
        try:
            outcome = view.get(descriptor.class_id, name, descriptor.attribute_id, selector, parameter)
        finally:
            self._current.request = None
        _refuse(outcome)
        return outcome.data or Data.null()

    def set(
        self, request: Request, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None, value: Data, /
    ) -> None:
        """Write an attribute."""
        self._current.check_change()
        selector, parameter = _parts(selection)
        name = Obis(descriptor.instance_id)
        view = self._view(request)
        self._current.request = request
        try:
            _refuse(view.set(descriptor.class_id, name, descriptor.attribute_id, value, selector, parameter))
        finally:
            self._current.request = None

    def action(self, request: Request, descriptor: CosemMethodDescriptor, parameters: Data | None, /) -> Data | None:
        """Call a method."""
        self._current.check_change()
        name = Obis(descriptor.instance_id)
        view = self._view(request)
        self._current.request = request
        try:
            outcome = view.action(descriptor.class_id, name, descriptor.method_id, parameters)
        finally:
            self._current.request = None
        _refuse(outcome)
        return outcome.data

    def _view(self, request: Request) -> ObjectView:
        """The view of a request with this protection; kept as long as the role is the same."""
        role = self._association.role
        if role is not self._role:
            self._role = role
            self._views.clear()
        found = int(request.protection)
        view = self._views.get(found)
        if view is None:
            view = self._views[found] = self._association.view(self._policy, self._fault).under(Protection(found))
        return view


def _parts(selection: SelectiveAccessDescriptor | None) -> tuple[int | None, Data | None]:
    return (None, None) if selection is None else (selection.access_selector, selection.access_parameters)


def _refuse(outcome: Outcome) -> None:
    if outcome.result:
        raise ServiceError(outcome.result)
