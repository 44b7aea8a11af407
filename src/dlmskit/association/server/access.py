"""ACCESS as a server does it: reads, writes and methods in one list, executed in its order (application layer, 5.5).

The service has no blocks of its own. What does not fit into the answer is left out item by item: what was written or invoked
is told in any case.
"""

from __future__ import annotations

from typing import NamedTuple

from dlmskit.apdu import (
    AccessRequest,
    AccessRequestAction,
    AccessRequestGet,
    AccessRequestGetWithSelection,
    AccessResponse,
    AccessResponseAction,
    AccessResponseBody,
    AccessResponseGet,
    AccessResponseSet,
)
from dlmskit.apdu.access import AccessRequestSpecification, AccessResponseSpecification
from dlmskit.apdu.common import BREAK_ON_ERROR, SELF_DESCRIPTIVE
from dlmskit.association.inputs import NOT_ALLOWED, NOT_EXECUTABLE, TOO_LONG
from dlmskit.association.server.services import Services, Turn
from dlmskit.codec.data import Data
from dlmskit.codec.reader import length_size
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, DataAccessResult

_ACCESS = int(Conformance.ACCESS)
_NOTHING = Data.null()
_LEAST_OF_AN_ITEM = 3
"""Null-data, and a result with its choice."""
_READS = AccessRequestGet, AccessRequestGetWithSelection


class _Item(NamedTuple):
    """What became of one item."""

    result: AccessResponseSpecification
    data: Data = _NOTHING

    @property
    def more(self) -> int:
        """Octets beyond those of an item without value."""
        return len(self.data.octets) - len(_NOTHING.octets)


def access(services: Services, turn: Turn, request: AccessRequest) -> bytes:
    """Several reads, writes and methods. Refused as a whole, before anything is done, where the lists do not match or not even
    the results would fit into the answer.
    """
    if not services.conformance & _ACCESS:
        return NOT_ALLOWED
    body, flags = request.access_request_body, request.long_invoke_id_and_priority
    wanted, values = body.access_request_specification, body.access_request_list_of_data
    if len(wanted) != len(values):
        return NOT_EXECUTABLE
    echoed = wanted if flags & SELF_DESCRIPTIVE else None
    fixed = len(AccessResponse(flags, b"", AccessResponseBody(echoed, (), ())).encode()) - 2 + 2 * length_size(len(wanted))
    room = min(services.least_room(turn), services.limits.apdu_octets) - fixed
    if _LEAST_OF_AN_ITEM * len(wanted) > room:
        return TOO_LONG
    items = _all(services, turn, request, room)
    answer = AccessResponseBody(echoed, tuple(item.data for item in items), tuple(item.result for item in items))
    return AccessResponse(flags, b"", answer).encode()


def _all(services: Services, turn: Turn, request: AccessRequest, room: int) -> list[_Item]:
    """Execute item by item. A value for which there is no ``room`` is not sent, and where none is left nothing is read."""
    body = request.access_request_body
    breaks = bool(request.long_invoke_id_and_priority & BREAK_ON_ERROR)
    spare = room - _LEAST_OF_AN_ITEM * len(body.access_request_specification)
    failed, items = False, []
    for wanted, value in zip(body.access_request_specification, body.access_request_list_of_data, strict=True):
        skipped = (failed and breaks) or (not spare and isinstance(wanted, _READS))
        item = _refused(wanted) if skipped else _one(services, turn, wanted, value)
        if item.more > spare:
            item = _without_data(wanted, item)
        spare -= item.more
        failed = failed or bool(item.result.result)
        items.append(item)
    return items


def _one(services: Services, turn: Turn, wanted: AccessRequestSpecification, value: Data) -> _Item:
    if isinstance(wanted, AccessRequestAction):
        given = None if value.octets == _NOTHING.octets else value
        response = services.invoke(turn, wanted.cosem_method_descriptor, given)
        returned = response.return_parameters
        return _Item(AccessResponseAction(response.result), returned if isinstance(returned, Data) else _NOTHING)
    selection = getattr(wanted, "access_selection", None)
    if isinstance(wanted, _READS):
        result = services.read(turn, wanted.cosem_attribute_descriptor, selection)
        if isinstance(result, Data):
            return _Item(AccessResponseGet(int(DataAccessResult.SUCCESS)), result)
        return _Item(AccessResponseGet(result))
    return _Item(AccessResponseSet(services.write(turn, wanted.cosem_attribute_descriptor, selection, value)))


def _refused(wanted: AccessRequestSpecification) -> _Item:
    """An item that is not executed."""
    if isinstance(wanted, AccessRequestAction):
        return _Item(AccessResponseAction(int(ActionResult.OTHER_REASON)))
    of_a_read = isinstance(wanted, _READS)
    result = int(DataAccessResult.OTHER_REASON)
    return _Item(AccessResponseGet(result) if of_a_read else AccessResponseSet(result))


def _without_data(wanted: AccessRequestSpecification, item: _Item) -> _Item:
    """What was read is refused where it does not fit; what a method did is told, without what it returned."""
    return _refused(wanted) if isinstance(wanted, _READS) else _Item(item.result)
