"""Interface class 12, Association SN (Blue Book 4.4.3): what one client is, may see and do, by short names.

The object list says the base name of each object, the list of access rights what the client may do with it. Both are made
from the role of the association.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.access import ObjectKey, ObjectRights
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.classes.association_ln import USER
from dlmskit.cosem.declaration import Request, absent_method, attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.object_list import (
    BY_CLASS,
    BY_OBJECT,
    BY_OBJECTS,
    EVERYTHING,
    access_kinds,
    access_lists,
    requested_classes,
    requested_keys,
)
from dlmskit.cosem.short_names import ASSOCIATION_SN, signed
from dlmskit.cosem.view import ObjectView
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

_ELEMENT = "structure{base_name:long,class_id:long-unsigned,version:unsigned,logical_name:logical-name}"
_OBJECT = "structure{class_id:long-unsigned,logical_name:logical-name}"
_ATTRIBUTE = "structure{class_id:long-unsigned,logical_name:logical-name,attribute_index:integer}"
_NOTHING = "null-data"

Entry = tuple[Obis, InterfaceClass, ObjectRights]


def _rights(version: int) -> str:
    """Type of access_rights_list with the access modes of Association LN ``version``."""
    attributes, methods = access_kinds(version)
    return f"array<structure{{base_name:long,attribute_access:{attributes},method_access:{methods}}}>"


class AssociationSnV0(AssociationObject, class_id=ASSOCIATION_SN, version=0, name="Association SN", methods_at=0x20):
    """Version 0: nothing is said about rights; they hold all the same."""

    reply_method = 8
    secret_methods = frozenset((5, 6))

    object_list = attribute(2, f"array<{_ELEMENT}>", selectors=(EVERYTHING, BY_CLASS, BY_OBJECTS, BY_OBJECT))

    @object_list.reader
    def _read_object_list(self, request: Request) -> Data:
        return Data.array(self._element(entry) for entry in self._selected(request))

    def _selected(self, request: Request) -> list[Entry]:
        """What is visible, of it what the access selector wants."""
        visible = self.view().visible()
        selector, parameter = request.selector, request.parameter
        if selector is None or selector == EVERYTHING or parameter is None:
            return visible
        try:
            if selector == BY_CLASS:
                return _of_classes(visible, parameter)
            return _named(visible, requested_keys(selector, parameter))
        except DecodeError as error:
            raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "object_list", str(error)) from error

    def _element(self, entry: Entry) -> Data:
        logical_name, one, _ = entry
        base = Data.long(self._base(entry))
        return Data.structure(
            (base, Data.long_unsigned(one.class_id), Data.unsigned(one.version), Data.octet_string(logical_name))
        )

    def _base(self, entry: Entry) -> int:
        base = self.tree.base_names.base_of((entry[1].class_id, entry[0]))
        if base is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, str(entry[0]), "it has no base name")
        return signed(base)

    # --- Methods ---------------------------------------------------------------------------------------------------------

    @method(1, "array<long-unsigned>", f"array<{_ELEMENT}>")
    def getlist_by_classid(self, classes: list[int]) -> Data:
        """The elements of the object list of these classes."""
        return Data.array(self._element(entry) for entry in self.view().visible() if entry[1].class_id in set(classes))

    @method(2, f"array<{_OBJECT}>", f"array<{_ELEMENT}>")
    def getobj_by_logicalname(self, objects: list[Any]) -> Data:
        """The elements of the object list of these objects."""
        keys = {(one.class_id, one.logical_name) for one in objects}
        return Data.array(self._element(entry) for entry in _named(self.view().visible(), keys))

    @method(3, f"array<{_ATTRIBUTE}>", "array<any>")
    def read_by_logicalname(self, attributes: list[Any], request: Request) -> Data:
        """The values of attributes, with the rights of who asks; null-data for what may not or cannot be read."""
        view = request.caller if isinstance(request.caller, ObjectView) else self.view()
        found = (view.get(one.class_id, one.logical_name, one.attribute_index) for one in attributes)
        return Data.array(outcome.data or Data.null() for outcome in found)

    get_attributes_and_methods = absent_method(4, f"array<{_OBJECT}>", "array<any>", name="get_attributes&methods")

    @method(5, "octet-string", name="change_LLS_secret")
    def change_lls_secret(self, secret: bytes) -> None:
        """Take a new password."""
        self.take_secret(secret, "change_LLS_secret")

    @method(6, "octet-string", name="change_HLS_secret")
    def change_hls_secret(self, secret: bytes) -> None:
        """Take a new secret of HLS."""
        self.take_secret(secret, "change_HLS_secret")

    get_hls_challenge = absent_method(7, "integer(0)", "octet-string", name="get_HLS_challenge")

    @method(8, "octet-string", "octet-string", name="reply_to_HLS_challenge")
    def reply_to_hls_challenge(self, response: bytes) -> bytes:
        """Pass 3 in, pass 4 out."""
        return self.reply_to_hls(response)


class AssociationSnV1(AssociationSnV0, version=1):
    """Version 1: the last method has another name."""

    @method(8, "octet-string", "octet-string", name="reply_to_HLS_authentication")
    def reply_to_hls_challenge(self, response: bytes) -> bytes:
        """Pass 3 in, pass 4 out."""
        return self.reply_to_hls(response)


class AssociationSnV2(AssociationSnV1, version=2):
    """Version 2: the rights are listed, the security setup is named, one method changes every secret."""

    secret_methods = frozenset((5,))
    rights_of: int = 2
    """Version of Association LN in whose notation the rights are listed."""

    access_rights_list = attribute(3, _rights(2))
    security_setup_reference = attribute(4, "logical-name")

    @access_rights_list.reader
    def _read_access_rights(self, request: Request) -> Data:
        return Data.array(
            Data.structure((Data.long(self._base(entry)), *access_lists(entry[1], entry[2], self.rights_of)))
            for entry in self.view().visible()
        )

    getlist_by_classid = absent_method(1, _NOTHING, _NOTHING, name="reserved_1")
    getobj_by_logicalname = absent_method(2, _NOTHING, _NOTHING, name="reserved_2")
    get_attributes_and_methods = absent_method(4, _NOTHING, _NOTHING, name="reserved_4")

    @method(5, "octet-string", name="change_secret")
    def change_lls_secret(self, secret: bytes) -> None:
        """Take a new password, or a new secret of HLS."""
        self.take_secret(secret, "change_secret")

    change_hls_secret = absent_method(6, _NOTHING, _NOTHING, name="reserved_6")
    get_hls_challenge = absent_method(7, _NOTHING, _NOTHING, name="reserved_7")


class AssociationSnV3(AssociationSnV2, version=3, methods_at=0x20):
    """Version 3: users of one client. Their attributes have the short names of the methods that are reserved now."""

    user_list = attribute(5, f"array<{USER}>")
    current_user = attribute(6, USER, dynamic=True)

    @method(9, USER)
    def add_user(self, user: Any) -> None:
        """Add a user, in the place of one with the same user_id."""
        self.user_list = [*(one for one in self.user_list if one.user_id != user.user_id), user]

    @method(10, USER)
    def remove_user(self, user: Any) -> None:
        """Remove the user of that user_id, if there is one."""
        self.user_list = [one for one in self.user_list if one.user_id != user.user_id]


class AssociationSn(AssociationSnV3, version=4, methods_at=0x20):
    """Version 4: rights demand any protection, of request and response apart, as in Association LN version 3."""

    rights_of = 3
    access_rights_list = AssociationSnV2.access_rights_list.retyped(_rights(3))


def _of_classes(visible: Iterable[Entry], parameter: Data) -> list[Entry]:
    classes = requested_classes(parameter)
    return [entry for entry in visible if entry[1].class_id in classes]


def _named(visible: Iterable[Entry], keys: set[ObjectKey]) -> list[Entry]:
    return [entry for entry in visible if (entry[1].class_id, entry[0]) in keys]
