"""Interface class 15, Association LN (Blue Book 4.4.4): what one client is, and what it may see and do.

The object list is made from the role of the association, object by object, in the notation of the version. Associating
itself, authentication included, is the association layer's; it is called through ``on_hls_reply``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.declaration import Request, absent_method, attribute, method
from dlmskit.cosem.object_list import (
    BY_CLASS,
    BY_OBJECT,
    BY_OBJECTS,
    EVERYTHING,
    element,
    element_kind,
    requested_classes,
    requested_keys,
)
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.enums import DataAccessResult

_ARCS = (
    "joint_iso_ctt_element:unsigned,country_element:unsigned,country_name_element:long-unsigned,"
    "identified_organization_element:unsigned,DLMS_UA_element:unsigned"
)
CONTEXT_NAME = f"choice{{structure{{{_ARCS},application_context_element:unsigned,context_id_element:unsigned}},octet-string}}"
MECHANISM_NAME = (
    f"choice{{structure{{{_ARCS},authentication_mechanism_name_element:unsigned,mechanism_id_element:unsigned}},octet-string}}"
)
XDLMS_CONTEXT = (
    "structure{conformance:bit-string(24),max_receive_pdu_size:long-unsigned,max_send_pdu_size:long-unsigned,"
    "dlms_version_number:unsigned,quality_of_service:integer,cyphering_info:octet-string}"
)
USER = "structure{user_id:unsigned,user_name:visible-string}"


class AssociationStatus(IntEnum):
    """association_status."""

    NON_ASSOCIATED = 0
    ASSOCIATION_PENDING = 1
    ASSOCIATED = 2


def application_context_name(context_id: int) -> Data:
    """2.16.756.5.8.1.n, n of `ApplicationContext`, in the structured form."""
    return _name(1, context_id)


def mechanism_name(mechanism_id: int) -> Data:
    """2.16.756.5.8.2.n, n of `Mechanism`, in the structured form."""
    return _name(2, mechanism_id)


def _name(family: int, number: int) -> Data:
    head = (Data.unsigned(2), Data.unsigned(16), Data.long_unsigned(756), Data.unsigned(5), Data.unsigned(8))
    return Data.structure((*head, Data.unsigned(family), Data.unsigned(number)))


class AssociationLnV0(AssociationObject, class_id=15, version=0, name="Association LN", methods_at=0x60):
    """Version 0: rights without protection."""

    reply_method = 1
    secret_attributes, secret_methods = frozenset((7,)), frozenset((2,))

    object_list = attribute(2, f"array<{element_kind(0)}>", selectors=(EVERYTHING, BY_CLASS, BY_OBJECTS, BY_OBJECT))
    associated_partners_id = attribute(3, "structure{client_SAP:integer,server_SAP:long-unsigned}", default=(16, 1))
    application_context_name = attribute(4, CONTEXT_NAME, default=application_context_name(1))
    xdlms_context_info = attribute(5, XDLMS_CONTEXT, name="xDLMS_context_info")
    authentication_mechanism_name = attribute(6, MECHANISM_NAME, default=mechanism_name(0))
    lls_secret = attribute(7, "octet-string", secret=True, name="LLS_secret")
    association_status = attribute(
        8, "enum{0=non_associated,1=association_pending,2=associated}", dynamic=True, default=AssociationStatus.NON_ASSOCIATED
    )

    @object_list.reader
    def _read_object_list(self, request: Request) -> Data:
        visible = self.view().visible()
        selector, parameter = request.selector, request.parameter
        if selector is None or selector == EVERYTHING or parameter is None:
            return Data.array(element(name, one, rights, self.version) for name, one, rights in visible)
        try:
            if selector == BY_CLASS:
                classes = requested_classes(parameter)
                return Data.array(element(name, one, None, self.version) for name, one, _ in visible if one.class_id in classes)
            keys = requested_keys(selector, parameter)
        except DecodeError as error:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "object_list", str(error)) from error
        named = [entry for entry in visible if (entry[1].class_id, entry[0]) in keys]
        return Data.array(element(name, one, rights, self.version) for name, one, rights in named)

    # --- secrets -------------------------------------------------------------------------------------------------------

    @lls_secret.writer
    def _write_secret(self, value: Data, request: Request) -> None:
        if self.on_new_secret is None:
            self.store(7, value)
        else:
            self.on_new_secret(value.value)

    @method(1, "octet-string", "octet-string", name="reply_to_HLS_authentication")
    def reply_to_hls_authentication(self, response: bytes) -> bytes:
        """Pass 3 in, pass 4 out."""
        return self.reply_to_hls(response)

    @method(2, "octet-string", name="change_HLS_secret")
    def change_hls_secret(self, secret: bytes) -> None:
        """Take a new secret, in the form that the device's profile demands."""
        self.take_secret(secret, "change_HLS_secret")

    add_object = absent_method(3, element_kind(0))
    remove_object = absent_method(4, element_kind(0))


class AssociationLnV1(AssociationLnV0, version=1):
    """Version 1: rights may demand authentication; the security setup is named."""

    object_list = AssociationLnV0.object_list.retyped(f"array<{element_kind(1)}>")
    secret = AssociationLnV0.lls_secret.renamed("secret")
    security_setup_reference = attribute(9, "logical-name")

    add_object = absent_method(3, element_kind(1))
    remove_object = absent_method(4, element_kind(1))


class AssociationLnV2(AssociationLnV1, version=2):
    """Version 2: users of one client."""

    user_list = attribute(10, f"array<{USER}>")
    current_user = attribute(11, USER, dynamic=True)

    @method(5, USER)
    def add_user(self, user: Any) -> None:
        """Add a user, in the place of one with the same user_id."""
        self.user_list = [*(one for one in self.user_list if one.user_id != user.user_id), user]

    @method(6, USER)
    def remove_user(self, user: Any) -> None:
        """Remove the user of that user_id, if there is one."""
        self.user_list = [one for one in self.user_list if one.user_id != user.user_id]


class AssociationLn(AssociationLnV2, version=3):
    """Version 3: rights demand any protection, of request and response apart."""

    object_list = AssociationLnV0.object_list.retyped(f"array<{element_kind(3)}>")

    add_object = absent_method(3, element_kind(3))
    remove_object = absent_method(4, element_kind(3))
