"""Which service takes which request: APDU class -> handler, and which requests continue a block transfer, as data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlmskit.apdu import (
    CONFIRMED,
    DEDICATED_TAGS,
    GLOBAL_TAGS,
    AccessRequest,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    Apdu,
    DataNotificationConfirm,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    ReadRequest,
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseNormal,
    UnconfirmedWriteRequest,
    WriteRequest,
)
from dlmskit.association.inputs import KINDS, NOT_ALLOWED, TOO_LONG, Kind
from dlmskit.association.server import access, action, get, notifying, set, short_names  # noqa: A004  named after the services
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
    ReadRequest: (short_names.read, True),
    WriteRequest: (short_names.write, True),
    DataNotificationConfirm: (notifying.confirmed, True),
    UnconfirmedWriteRequest: (short_names.write_unconfirmed, True),
}
"""Handler of each request, and whether it may continue a block transfer; every other request ends one."""

_WITH_OR_WITHOUT = frozenset((ReadRequest, WriteRequest, UnconfirmedWriteRequest, DataNotificationConfirm))
"""What is not a block by its type; a READ or WRITE may hold one."""
OF_SERVICE_BLOCKS: frozenset[type[Apdu]] = frozenset(
    {
        SetRequestWithFirstDatablock,
        SetRequestWithListAndFirstDatablock,
        ActionRequestWithFirstPblock,
        ActionRequestWithListAndFirstPblock,
        *(request for request, (_, continues) in HANDLERS.items() if continues and request not in _WITH_OR_WITHOUT),
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
    """Invoke-Id-And-Priority of a request; of ACCESS the highest octet of the long one, whose flags stand in the same bits.

    The services of short names have none: their tag says whether they are confirmed. A confirmation is never answered.
    """
    if octets[0] in _WITHOUT_INVOKE_ID:
        return 0 if octets[0] in _WITHOUT_ANSWER else CONFIRMED
    at = 1 if octets[0] == _ACCESS else 2
    return octets[at] if len(octets) > at else CONFIRMED


def too_long(octets: bytes) -> bytes:
    """What is owed for an APDU that is longer than what was negotiated."""
    if KINDS[octets[0]] in {Kind.SHORT_NAME, Kind.CIPHERED_SHORT_NAME}:
        return short_names.READ_TOO_LONG if octets[0] in _ANY_READ else short_names.WRITE_TOO_LONG
    return TOO_LONG


def answer_to_malformed(octets: bytes, error: DecodeError) -> bytes:
    """What is owed for a request that cannot be decoded (application layer, 7.5).

    GET and SET with an unknown choice or a missing element are denied under their own invoke-id; what is complete and goes on
    behind its end, and everything else, is not allowed. Nothing of it is executed.
    """
    if octets[0] in _WITHOUT_INVOKE_ID:
        return short_names.READ_UNSUPPORTED if octets[0] == _READ else short_names.WRITE_UNSUPPORTED
    complete = error.path and "." not in error.path and error.path in _REQUEST_NAMES
    if len(octets) > 2 and not complete:
        if octets[0] == _GET:
            return GetResponseNormal(octets[2], int(DataAccessResult.READ_WRITE_DENIED)).encode()
        if octets[0] == _SET:
            return SetResponseNormal(octets[2], int(DataAccessResult.READ_WRITE_DENIED)).encode()
    return NOT_ALLOWED


_READ, _WRITE, _UNCONFIRMED_WRITE = ReadRequest.head[0], WriteRequest.head[0], UnconfirmedWriteRequest.head[0]
_ANY_READ = frozenset((_READ, GLOBAL_TAGS[_READ], DEDICATED_TAGS[_READ]))
_CONFIRM = DataNotificationConfirm.head[0]
_WITHOUT_INVOKE_ID = frozenset((_READ, _WRITE, _UNCONFIRMED_WRITE, _CONFIRM))
_WITHOUT_ANSWER = frozenset((_UNCONFIRMED_WRITE, _CONFIRM))
_GET, _SET, _ACCESS = GetRequestNormal.head[0], SetRequestNormal.head[0], AccessRequest.head[0]
_REQUEST_NAMES = frozenset(declared.__name__ for declared in HANDLERS)
"""The path of an error behind the end of a request is its name alone; inside, a field follows."""
