"""Which service takes which request: APDU class -> handler, and which requests continue a block transfer, as data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlmskit.apdu import (
    CONFIRMED,
    AccessRequest,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    Apdu,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseNormal,
)
from dlmskit.association.inputs import NOT_ALLOWED
from dlmskit.association.server import access, action, get, set  # noqa: A004  named after the services
from dlmskit.association.server.services import Services, Turn
from dlmskit.errors import DecodeError
from dlmskit.types.enums import DataAccessResult

Serve = Callable[[Services, Turn, Any], bytes]

HANDLERS: dict[type[Apdu], tuple[Serve, bool]] = {
    GetRequestNormal: (get.get_normal, False),
    GetRequestNext: (get.get_next, True),
    GetRequestWithList: (get.get_with_list, False),
    SetRequestNormal: (set.set_normal, False),
    SetRequestWithFirstDatablock: (set.set_first, False),
    SetRequestWithDatablock: (set.set_block, True),
    SetRequestWithList: (set.set_with_list, False),
    SetRequestWithListAndFirstDatablock: (set.set_first_of_list, False),
    ActionRequestNormal: (action.action_normal, False),
    ActionRequestNextPblock: (action.action_next, True),
    ActionRequestWithList: (action.action_with_list, False),
    ActionRequestWithFirstPblock: (action.action_first, False),
    ActionRequestWithListAndFirstPblock: (action.action_first_of_list, False),
    ActionRequestWithPblock: (action.action_block, True),
    AccessRequest: (access.access, False),
}
"""Handler of each request, and whether it continues a block transfer; every other request ends one."""

OF_SERVICE_BLOCKS: frozenset[type[Apdu]] = frozenset(
    {
        SetRequestWithFirstDatablock,
        SetRequestWithListAndFirstDatablock,
        ActionRequestWithFirstPblock,
        ActionRequestWithListAndFirstPblock,
        *(request for request, (_, continues) in HANDLERS.items() if continues),
    }
)
"""Requests of the block transfers of GET, SET and ACTION: general block transfer does not carry them."""


def serve(services: Services, turn: Turn, request: Apdu) -> bytes:
    """The plain answer to a request. An exception-response among them is sent without protection."""
    handler, continues = HANDLERS[type(request)]
    if services.transfer is not None and not continues:
        services.drop_transfer("another request came")
    return handler(services, turn, request)


def invoke_id_of(octets: bytes) -> int:
    """Invoke-Id-And-Priority of a request; of ACCESS the highest octet of the long one, whose flags stand in the same bits."""
    at = 1 if octets[0] == _ACCESS else 2
    return octets[at] if len(octets) > at else CONFIRMED


def answer_to_malformed(octets: bytes, error: DecodeError) -> bytes:
    """What is owed for a GET, SET or ACTION that cannot be decoded (application layer, 7.5).

    GET and SET with an unknown choice or a missing element are denied under their own invoke-id; what is complete and goes on
    behind its end, and everything else, is not allowed. Nothing of it is executed.
    """
    complete = error.path and "." not in error.path and error.path in _REQUEST_NAMES
    if len(octets) > 2 and not complete:
        if octets[0] == _GET:
            return GetResponseNormal(octets[2], int(DataAccessResult.READ_WRITE_DENIED)).encode()
        if octets[0] == _SET:
            return SetResponseNormal(octets[2], int(DataAccessResult.READ_WRITE_DENIED)).encode()
    return NOT_ALLOWED


_GET, _SET, _ACCESS = GetRequestNormal.head[0], SetRequestNormal.head[0], AccessRequest.head[0]
_REQUEST_NAMES = frozenset(declared.__name__ for declared in HANDLERS)
"""The path of an error behind the end of a request is its name alone; inside, a field follows."""
