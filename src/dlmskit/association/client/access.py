"""ACCESS as a client does it: reads, writes and methods in one request, executed in its order (application layer, 5.5).

The service has no blocks of its own, and no glo- or ded-form: ciphered, it travels in a general form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dlmskit.apdu import (
    BREAK_ON_ERROR,
    SELF_DESCRIPTIVE,
    AccessRequest,
    AccessRequestAction,
    AccessRequestBody,
    AccessRequestGet,
    AccessRequestGetWithSelection,
    AccessRequestSet,
    AccessRequestSetWithSelection,
    AccessResponse,
    AccessResponseAction,
    AccessResponseBody,
    AccessResponseGet,
    AccessResponseSet,
    Apdu,
)
from dlmskit.apdu.access import AccessRequestSpecification
from dlmskit.association.client.core import Core
from dlmskit.association.ports import Exchange
from dlmskit.codec.data import Data
from dlmskit.errors import LocalProtocolError, RemoteProtocolError
from dlmskit.types.conformance import Conformance

_ACCESS = int(Conformance.ACCESS)
_GENERAL = int(Conformance.GENERAL_PROTECTION)
_ANSWERS: frozenset[type[Apdu]] = frozenset((AccessResponse,))
_READS = AccessRequestGet, AccessRequestGetWithSelection
_KIND_OF_RESULT: dict[type, type] = {
    AccessRequestGet: AccessResponseGet,
    AccessRequestGetWithSelection: AccessResponseGet,
    AccessRequestSet: AccessResponseSet,
    AccessRequestSetWithSelection: AccessResponseSet,
    AccessRequestAction: AccessResponseAction,
}


class AccessOutcome(NamedTuple):
    """What became of one item of an ACCESS."""

    result: int
    """Data-access-result, of a method action-result; 0 for success."""
    data: Data
    """What was read, or what a method returned; null-data where there is nothing."""


def access(
    core: Core,
    wanted: Sequence[AccessRequestSpecification],
    values: Sequence[Data | None] | None = None,
    *,
    break_on_error: bool = False,
    self_descriptive: bool = False,
) -> Exchange[list[AccessOutcome]]:
    """Execute a list; for each item its outcome, in the order asked. A request that only reads is repeated as a GET is."""
    request, invoke_id = _request(core, wanted, values, break_on_error=break_on_error, self_descriptive=self_descriptive)
    try:
        reads = all(isinstance(one, _READS) for one in wanted)
        retries = core.settings.retries if reads else 0
        answer: AccessResponse = yield from core.exchange(request, _ANSWERS, invoke_id, retries, effect=not reads)
        return _outcomes(answer.access_response_body, tuple(wanted))
    finally:
        core.end()


def access_unconfirmed(
    core: Core, wanted: Sequence[AccessRequestSpecification], values: Sequence[Data | None] | None = None
) -> bytes:
    """The same as an APDU that asks for no answer, ready to be sent."""
    request, _ = _request(core, wanted, values, confirmed=False)
    try:
        return core.protect(request)
    finally:
        core.end()


def _request(
    core: Core,
    wanted: Sequence[AccessRequestSpecification],
    values: Sequence[Data | None] | None,
    *,
    break_on_error: bool = False,
    self_descriptive: bool = False,
    confirmed: bool = True,
) -> tuple[bytes, int]:
    """The request and its long invoke-id; an operation that `Core.end` ends has begun. Raises LocalProtocolError."""
    if values is not None and len(values) != len(wanted):
        raise LocalProtocolError(f"{len(wanted)} items and {len(values)} values")
    invoke_id = core.begin_long_request(_ACCESS | (_GENERAL if core.form is not None else 0), confirmed=confirmed)
    flags = (BREAK_ON_ERROR if break_on_error else 0) | (SELF_DESCRIPTIVE if self_descriptive else 0)
    given = tuple(Data.null() if one is None else one for one in values or (None,) * len(wanted))
    request = AccessRequest(invoke_id | flags, b"", AccessRequestBody(tuple(wanted), given)).encode()
    if len(request) > core.general_room:
        core.end()
        raise LocalProtocolError(f"an ACCESS request of {len(request)} octets; the server takes {core.general_room}")
    return request, invoke_id


def _outcomes(body: AccessResponseBody, wanted: tuple[AccessRequestSpecification, ...]) -> list[AccessOutcome]:
    data, results = body.access_response_list_of_data, body.access_response_specification
    if not len(data) == len(results) == len(wanted):
        raise RemoteProtocolError(f"{len(wanted)} items were asked for, {len(results)} results and {len(data)} values came")
    if body.access_request_specification not in (None, wanted):
        raise RemoteProtocolError("the answer repeats another request than ours")
    if any(type(result) is not _KIND_OF_RESULT[type(one)] for one, result in zip(wanted, results, strict=True)):
        raise RemoteProtocolError("the results are of other kinds than what was asked for")
    return [AccessOutcome(result.result, value) for result, value in zip(results, data, strict=True)]
