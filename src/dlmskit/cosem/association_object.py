"""What Association LN and Association SN share: the role of a client, its view of the logical device, and its secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from dlmskit.cosem.access import AccessMode, ObjectKey, Role
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.view import CURRENT_ASSOCIATION, Fault, ObjectView, log_fault
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis


class AssociationObject(InterfaceClass):
    """The object of one association.

    ``role`` holds the rights; setting it adds the association object itself, which its client can always read. Several
    associations of one logical device have names of their own, 0.0.40.0.e.255; each client finds the one that it is in
    under 0.0.40.0.0.255.
    """

    reply_method: ClassVar[int]
    """Number of reply_to_HLS_authentication."""
    secret_attributes: ClassVar[frozenset[int]] = frozenset()
    """Numbers of the attributes that take a new secret."""
    secret_methods: ClassVar[frozenset[int]] = frozenset()
    """Numbers of the methods that take a new secret."""

    def __init__(self, logical_name: Obis | str = CURRENT_ASSOCIATION, /, *, role: Role | None = None, **values: object) -> None:
        super().__init__(logical_name, **values)
        self.role = Role("nobody") if role is None else role
        self.on_hls_reply: Callable[[bytes], bytes] | None = None
        """Takes f(StoC), gives f(CtoS); raises ServiceError where the client is not who it says."""
        self.on_new_secret: Callable[[bytes], None] | None = None
        """Takes a new secret; without it a written secret is stored here, readable by nobody but the device."""

    @property
    def role(self) -> Role:
        """The rights of the client."""
        return self._role

    @role.setter
    def role(self, role: Role) -> None:
        current: ObjectKey = (self.class_id, CURRENT_ASSOCIATION)
        own = role.objects.get(current) or role.objects.get(self.key) or self.default_rights()
        self._role = Role(role.name, {**role.objects, current: own})

    def view(self, policy: AccessMode = AccessMode.NONE, fault: Fault = log_fault) -> ObjectView:
        """The logical device as this association sees it, with nothing verified yet: see `ObjectView.under`."""
        return ObjectView(self.tree, self.role, self, policy, fault=fault)

    def reply_to_hls(self, response: bytes) -> bytes:
        """Pass 3 in, pass 4 out."""
        if self.on_hls_reply is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, "reply_to_HLS_authentication", "no authentication is pending")
        return self.on_hls_reply(response)

    def take_secret(self, secret: bytes, where: str) -> None:
        """Hand a new secret to its keeper; ServiceError where there is none."""
        if self.on_new_secret is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, where, "secrets are not changed this way")
        self.on_new_secret(secret)
