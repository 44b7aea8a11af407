"""Keys and rights behind a data protection object: what a third party may have, through whichever client carries it.

A third party has rights of its own, as a role; what it sends is decided by them, with the protection that was verified on its
data in place of that on the message. Values for a third party leave authenticated and encrypted, or not at all: whoever carries
them asks for the layers. A client that protects data itself has its own rights, with both protections. Refusals are other-reason
to the client, and the reason is in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from dlmskit.association.credentials import Credentials
from dlmskit.association.ports import EventCode
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import AccessMode, Operation, Role
from dlmskit.cosem.access import Protection as AccessProtection
from dlmskit.cosem.classes.data_protection import ObjectMethod
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.declaration import Request
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.push_list import PushEntry, element, selected
from dlmskit.cosem.view import ObjectView
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import DecodeError, EncodeError, SecurityError, SecurityReason, ServiceError
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection
from dlmskit.security.data_protection import ProtectionParameters, protect_data, unprotect_data, wish
from dlmskit.security.policy import ProtectionRules, SecurityPolicy
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.system_title import SystemTitle

Report = Callable[[EventCode, str, BaseException | None], None]
MOST_OBJECTS = 64


class Asking:
    """The client whose request is served, as the protector needs it."""

    def __init__(self, title: SystemTitle | None, credentials: Credentials, suite: SecuritySuite) -> None:
        self.title = title
        self.credentials = credentials
        self.suite = suite


class Protector:
    """A `DataProtector` for one logical device. ``asking`` gives the client of the present request."""

    def __init__(
        self,
        tree: ObjectTree,
        title: SystemTitle,
        third_parties: Callable[[], Mapping[SystemTitle, Role]],
        asking: Callable[[], Asking | None],
        report: Report,
    ) -> None:
        self._tree = tree
        self._title = title
        self._third_parties = third_parties
        self._asking = asking
        self._report = report

    # --- the three ways ------------------------------------------------------------------------------------------------

    def read(self, objects: Data, parameters: Data, required: int, request: Request) -> tuple[Data, bytes]:
        """Values, protected for the one recipient that the parameters name."""
        with self._explained("read protected attributes"):
            wanted = ProtectionParameters.list_from_data(parameters)
            recipient = _the_one(one.recipient for one in wanted)
            given = _given(wanted)
            view = self._view(recipient, Protection.NONE, request)
            values, demanded = self._values(objects, view)
            least = AUTHENTICATED_ENCRYPTED if recipient in self._third_parties() else Protection.NONE
            _check_enough(given, SecurityPolicy(required).response | Protection(int(demanded) & 7) | least)
            octets, used = protect_data(_joined(values), self._context(recipient), wanted)
            return Data.array(one.to_data() for one in used), octets

    def write(self, objects: Data, parameters: Data, octets: bytes, required: int, request: Request) -> None:
        """Values that the originator has protected: all of them are written, or none."""
        with self._explained("write protected attributes"):
            plain, originator, found, _ = self._opened(parameters, octets, required)
            view = self._view(originator, found, request)
            entries = _entries(objects)
            values = [Data.decode(plain)] if len(entries) == 1 else _split(plain, len(entries))
            for entry, value in zip(entries, values, strict=True):
                self._check_write(entry, value, view)
            for entry, value in zip(entries, values, strict=True):
                outcome = view.set(entry.wanted.class_id, entry.wanted.logical_name, entry.wanted.attribute_index, value)
                _refuse(outcome.result)

    def invoke(
        self, called: ObjectMethod, parameters: Data, octets: bytes, required: int, request: Request
    ) -> tuple[Data, bytes]:
        """A method whose parameters the originator has protected; the answer is protected for him in the same way."""
        with self._explained("invoke a protected method"):
            plain, originator, found, sent = self._opened(parameters, octets, required)
            view = self._view(originator, found, request)
            back = [wish(one.protection_type, originator, one.key) for one in sent]
            _check_enough(_given(back), SecurityPolicy(required).response)
            outcome = view.action(*called, Data.decode(plain))
            _refuse(outcome.result)
            answer, used = protect_data((outcome.data or Data.null()).octets, self._context(originator), back)
            return Data.array(one.to_data() for one in used), answer

    # --- security ------------------------------------------------------------------------------------------------------

    def _opened(
        self, parameters: Data, octets: bytes, required: int
    ) -> tuple[bytes, SystemTitle, Protection, Sequence[ProtectionParameters]]:
        sent = ProtectionParameters.list_from_data(parameters)
        originator = _the_one(one.originator for one in sent)
        demanded = SecurityPolicy(required).request
        plain, layers = unprotect_data(octets, self._context(originator), sent, demanded)
        found = Protection.NONE
        for layer in layers:
            found |= layer.protection
        return plain, originator, found, sent

    def _context(self, other: SystemTitle) -> SecurityContext:
        """A context with the other party alone: the client that asks, or one of the third parties."""
        asking = self._asking()
        if asking is None:
            raise ServiceError(
                DataAccessResult.OBJECT_UNAVAILABLE, "data protection", "there is no association to take keys from"
            )
        is_third = other in self._third_parties()
        return SecurityContext(
            own_title=self._title,
            keys=asking.credentials.keys,
            transmit=asking.credentials.transmit,
            received=asking.credentials.received,
            peer_title=asking.title if asking.title == other and not is_third else None,
            suite=asking.suite,
            rules=ProtectionRules(
                incoming=Protection.NONE, outgoing=Protection.NONE, third_parties=frozenset((other,) if is_third else ())
            ),
            correspondence=asking.credentials.correspondence,
        )

    def _view(self, other: SystemTitle, found: Protection, request: Request) -> ObjectView:
        """What the other party may do: by its own role, or, where it is the client itself, by that of its association."""
        role = self._third_parties().get(other)
        if role is not None:
            return ObjectView(self._tree, role, policy=AccessMode.NONE, found=AccessProtection(int(found)))
        asking = self._asking()
        if asking is None or asking.title != other or not isinstance(request.caller, ObjectView):
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"{other} is no third party of this logical device")
        return request.caller.under(AccessProtection(int(request.caller.found) | int(found)))

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """What fails goes into the log; the client hears other-reason, or the result of the access."""
        try:
            yield
        except SecurityError as error:
            repeated = error.reason is SecurityReason.COUNTER_REPEATED
            self._report(EventCode.COUNTER_REPEATED if repeated else EventCode.PROTECTION_FAILED, what, error)
            raise ServiceError(DataAccessResult.OTHER_REASON, what) from error
        except (DecodeError, EncodeError) as error:
            self._report(EventCode.PROTECTION_FAILED, what, error)
            raise ServiceError(DataAccessResult.OTHER_REASON, what) from error

    # --- values --------------------------------------------------------------------------------------------------------

    def _values(self, objects: Data, view: ObjectView) -> tuple[list[Data], AccessProtection]:
        """The values of a list, each through the one decision about access; and the protection that they demand together."""
        values, demanded = [], AccessProtection.NONE
        for entry in _entries(objects):
            wanted = entry.wanted
            outcome = view.get(wanted.class_id, wanted.logical_name, wanted.attribute_index)
            _refuse(outcome.result)
            demanded |= outcome.response
            value = outcome.data or Data.null()
            if entry.restriction or entry.columns:
                profile = self._tree.get(wanted.class_id, wanted.logical_name)
                value = selected(entry, profile) if isinstance(profile, ProfileGeneric) else value
            values.append(element(value, wanted.data_index))
        return values, demanded

    def _check_write(self, entry: PushEntry, value: Data, view: ObjectView) -> None:
        wanted = entry.wanted
        if entry.restriction or wanted.data_index or not wanted.attribute_index:
            raise ServiceError(DataAccessResult.OTHER_REASON, "object_list", "whole attributes alone are written")
        if not view.may(Operation.SET, wanted.class_id, wanted.logical_name, wanted.attribute_index):
            raise ServiceError(DataAccessResult.READ_WRITE_DENIED, "object_list", str(wanted.logical_name))
        self._tree.get(wanted.class_id, wanted.logical_name).attribute(wanted.attribute_index).check(value)


def _entries(objects: Data) -> list[PushEntry]:
    elements = objects.elements()
    if not 0 < len(elements) <= MOST_OBJECTS:
        raise ServiceError(DataAccessResult.OTHER_REASON, "object_list", f"1 to {MOST_OBJECTS} objects are possible")
    entries = [PushEntry.from_data(one) for one in elements]
    for entry in entries:
        entry.check()
    return entries


def _joined(values: Sequence[Data]) -> bytes:
    """One value as it is, several in a structure."""
    return values[0].octets if len(values) == 1 else Data.structure(values).octets


def _split(plain: bytes, count: int) -> Sequence[Data]:
    data = Data.decode(plain)
    if data.tag != Tag.STRUCTURE or len(data.elements()) != count:
        raise DecodeError(f"a structure of {count} values is expected")
    return data.elements()


def _the_one(titles: Iterator[SystemTitle | None]) -> SystemTitle:
    """The one party of all layers."""
    found = set(titles)
    title = found.pop() if len(found) == 1 else None
    if title is None:
        raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, "the layers do not all name the same party")
    return title


def _given(parameters: Sequence[ProtectionParameters]) -> Protection:
    given = Protection.NONE
    for one in parameters:
        given |= one.gives
    return given


def _check_enough(given: Protection, required: Protection) -> None:
    if int(required) & ~int(given):
        raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, f"{given.label} where {required.label} is required")


def _refuse(result: int) -> None:
    if result:
        raise ServiceError(result, "data protection")
