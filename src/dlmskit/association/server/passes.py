"""Passes 3 and 4 of HLS as a server sees them, with logical and with short names (application layer, 5.11)."""

from __future__ import annotations

from dlmskit.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResponseWithOptionalData,
    Apdu,
    CosemMethodDescriptor,
    DataAccessError,
    ParameterizedAccess,
    ReadRequest,
    ReadResponse,
)
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.types.enums import ActionResult, DataAccessResult
from dlmskit.types.obis import Obis

REPLY_TO_HLS = CosemMethodDescriptor(15, Obis("0.0.40.0.0.255").octets, 1)
"""reply_to_HLS_authentication of the current association."""
REPLY_TO_HLS_NAME = 0xFA58 - 0x10000
"""The same by its short name, as the signed number that it is on the wire."""


def pass_3(request: Apdu) -> bytes | None:
    """f(StoC), where the request is pass 3; empty where what it carries is none. None: it is another request.

    With short names it is a READ, because only that returns something; its selector says nothing.
    """
    given: Data | None
    if isinstance(request, ActionRequestNormal) and request.cosem_method_descriptor == REPLY_TO_HLS:
        given = request.method_invocation_parameters
    elif isinstance(request, ReadRequest) and _is_reply(request):
        item = request.variable_access_specification[0]
        given = item.parameter if isinstance(item, ParameterizedAccess) else None
    else:
        return None
    return given.value if given is not None and given.tag == Tag.OCTET_STRING else b""


def _is_reply(request: ReadRequest) -> bool:
    items = request.variable_access_specification
    return len(items) == 1 and isinstance(items[0], ParameterizedAccess) and items[0].variable_name == REPLY_TO_HLS_NAME


def pass_4(request: Apdu, invoke_id: int, answer: bytes | None) -> bytes:
    """f(CtoS) as the answer to pass 3; None for a refusal."""
    value = None if answer is None else Data.octet_string(answer)
    if isinstance(request, ReadRequest):
        return ReadResponse((DataAccessError(int(DataAccessResult.OTHER_REASON)) if value is None else value,)).encode()
    result = int(ActionResult.OTHER_REASON if value is None else ActionResult.SUCCESS)
    return ActionResponseNormal(invoke_id, ActionResponseWithOptionalData(result, value)).encode()
