"""What one association sees of a logical device, and the only way from a request to an object (robustness R-041, R-074).

GET, SET, ACTION, each alone or in a list, ACCESS, a push list or a script of a client: all of them end here, so all of
them ask the same `decide`. An outcome is always a result code; an exception inside an object becomes other-reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import AccessMode, ObjectKey, ObjectRights, Operation, Protection, Role, decide
from dlmskit.cosem.declaration import Request
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ServiceError
from dlmskit.types.enums import ActionResult, DataAccessResult
from dlmskit.types.obis import Obis

CURRENT_ASSOCIATION = Obis("0.0.40.0.0.255")
"""Logical name under which a client finds its own association, whichever that is."""

Fault = Callable[[str, Exception], None]
"""Told where and why an object failed; the client is only told other-reason."""


def log_fault(where: str, error: Exception) -> None:
    """Write a fault with its trace to the log."""
    logging.getLogger("dlmskit.cosem").error("object failed: %s", where, exc_info=error)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to."""

    result: int
    """DataAccessResult of a GET or SET, ActionResult of an ACTION; 0 is success."""
    data: Data | None = None
    """The value of a GET, or what a method returned."""
    response: Protection = Protection.NONE
    """Protection that the response owes at least."""


@dataclass(frozen=True, slots=True)
class ObjectView:
    """A role on a logical device, with the protection verified on the request at hand.

    ``view.under(found)`` is the view of one request; what a handler does on behalf of the caller goes through the same
    one.
    """

    tree: ObjectTree
    role: Role
    association: InterfaceClass | None = None
    """The Association object of this association; it answers for 0.0.40.0.0.255."""
    policy: AccessMode = AccessMode.NONE
    """Security policy of the association, as protection bits."""
    found: Protection = Protection.NONE
    fault: Fault = log_fault

    def under(self, found: Protection) -> ObjectView:
        """The same view for a request on which ``found`` was verified."""
        return ObjectView(self.tree, self.role, self.association, self.policy, found, self.fault)

    # --- services ----------------------------------------------------------------------------------------------------

    def get(
        self, class_id: int, logical_name: Obis, number: int, selector: int | None = None, parameter: Data | None = None
    ) -> Outcome:
        """Read attribute ``number``, or all of them for number 0."""
        key = class_id, logical_name
        if number == 0:
            return self._get_all(key)
        request = Request(number, selector, parameter, self)
        return self._serve(Operation.GET, key, number, lambda one: _read(one, request, logical_name))

    def set(
        self,
        class_id: int,
        logical_name: Obis,
        number: int,
        value: Data,
        selector: int | None = None,
        parameter: Data | None = None,
    ) -> Outcome:
        """Write attribute ``number``, or for number 0 those that are not null-data; nothing has changed unless it succeeds."""
        key = class_id, logical_name
        if number == 0:
            return self._set_all(key, value)
        request = Request(number, selector, parameter, self)
        return self._serve(Operation.SET, key, number, lambda one: one.set(number, value, request))

    def action(self, class_id: int, logical_name: Obis, number: int, parameter: Data | None = None) -> Outcome:
        """Call method ``number``."""
        key = class_id, logical_name
        request = Request(number, caller=self)
        outcome = self._serve(Operation.ACTION, key, number, lambda one: one.action(number, parameter, request))
        # The two enumerations agree up to 14, and say different things from there on.
        agreed = outcome.result <= DataAccessResult.DATA_BLOCK_UNAVAILABLE
        result = ActionResult(outcome.result) if agreed else ActionResult.OTHER_REASON
        return Outcome(result, outcome.data, outcome.response)

    def may(self, operation: Operation, class_id: int, logical_name: Obis, number: int) -> bool:
        """Whether a request like the one at hand could do this itself."""
        return decide(self.role, (class_id, logical_name), operation, number, self.found, self.policy).allowed

    def visible(self) -> list[tuple[Obis, InterfaceClass, ObjectRights]]:
        """The objects that exist for this role: logical name, object, rights; in order of logical name and class."""
        listed = []
        for (class_id, logical_name), rights in sorted(self.role.objects.items(), key=lambda item: (item[0][1], item[0][0])):
            try:
                listed.append((logical_name, self._find((class_id, logical_name)), rights))
            except ServiceError:
                continue  # a right on an object that the device has not got
        return listed

    # --- the one path ------------------------------------------------------------------------------------------------

    def _serve(self, operation: Operation, key: ObjectKey, number: int, run: Callable[[InterfaceClass], Data | None]) -> Outcome:
        decision = decide(self.role, key, operation, number, self.found, self.policy)
        if decision.result in _INVISIBLE:
            return Outcome(decision.result, None, decision.response)
        try:
            one = self._find(key)
            _ = one.method(number) if operation is Operation.ACTION else one.attribute(number)
            if not decision.allowed:
                return Outcome(decision.result, None, decision.response)
            return Outcome(DataAccessResult.SUCCESS, run(one), decision.response)
        except ServiceError as refusal:
            return Outcome(refusal.code, None, decision.response)
        except Exception as error:  # noqa: BLE001 - whatever an object does wrong is this item's result, and no more
            self.fault(f"{operation.value} class {key[0]}, {key[1]}, {number}", error)
            return Outcome(DataAccessResult.OTHER_REASON, None, decision.response)

    def _find(self, key: ObjectKey) -> InterfaceClass:
        own = self.association
        if own is not None and key in {own.key, (own.class_id, CURRENT_ASSOCIATION)}:
            return own
        return self.tree.get(*key)

    # --- attribute 0 -------------------------------------------------------------------------------------------------

    def _get_all(self, key: ObjectKey) -> Outcome:
        """A structure of all attributes in order; what the caller may not read, or cannot be read now, is null-data."""
        name = self.get(*key, 1)
        if name.result:
            return name
        outcomes = [self.get(*key, number) for number in _public(self._find(key))]
        response = Protection(reduce(or_, (outcome.response for outcome in outcomes)))
        return Outcome(DataAccessResult.SUCCESS, Data.structure([one.data or Data.null() for one in outcomes]), response)

    def _set_all(self, key: ObjectKey, value: Data) -> Outcome:
        """A structure with null-data where nothing is written. Rights and types of all are checked before the first write."""
        name = self.get(*key, 1)
        if name.result:
            return name
        one = self._find(key)
        numbers = _public(one)
        elements = value.elements() if value.tag == Tag.STRUCTURE else ()
        if len(elements) != len(numbers):
            return Outcome(DataAccessResult.TYPE_UNMATCHED, None, name.response)
        wanted = [(number, item) for number, item in zip(numbers, elements, strict=True) if item.tag != Tag.NULL_DATA]
        if not all(self.may(Operation.SET, *key, number) for number, _ in wanted):
            return Outcome(DataAccessResult.READ_WRITE_DENIED, None, name.response)
        try:
            for number, item in wanted:
                one.attribute(number).check(item)
        except ServiceError as refusal:
            return Outcome(refusal.code, None, name.response)
        response = name.response
        for number, item in wanted:
            done = self.set(*key, number, item)
            response |= done.response
            if done.result:
                return Outcome(done.result, None, response)
        return Outcome(DataAccessResult.SUCCESS, None, response)


_INVISIBLE = frozenset((DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OBJECT_CLASS_INCONSISTENT))


def _public(one: InterfaceClass) -> list[int]:
    """Attribute numbers of the standard, without the negative ones of the manufacturer."""
    return [number for number in one.attributes if number > 0]


def _read(one: InterfaceClass, request: Request, logical_name: Obis) -> Data:
    if request.number == 1:  # the current association answers with the name it was asked by
        return Data.octet_string(logical_name)
    return one.get(request.number, request)
