"""Refusals as a whole: ExceptionResponse and ConfirmedServiceError (Green Book, ASN.1)."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.registry import apdu
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import Fixed, OnlyIf, Unsigned8, Unsigned32
from dlmskit.types.enums import ConfirmedService, ErrorClass, ServiceErrorCode, StateError


@apdu(0xD8)
class ExceptionResponse(Apdu, frozen=True, gc=False):
    """The request was not served at all. It carries no invoke-id: it answers the oldest outstanding request."""

    state_error: Annotated[int, Fixed("B", StateError)]
    service_error: Annotated[int, Fixed("B", ServiceErrorCode)]
    invocation_counter: Annotated[int | None, OnlyIf("service_error", 6, Unsigned32)] = None
    """The lowest invocation counter that the server would accept; only with invocation-counter-error."""


@apdu(0x0E, service="confirmedServiceError", simple="ConfirmedServiceError")
class ConfirmedServiceError(Apdu, frozen=True, gc=False):
    """The refusal of short-name services and of InitiateRequest; the class says what the value means."""

    service: Annotated[int, Fixed("B", ConfirmedService)]
    error_class: Annotated[int, Fixed("B", ErrorClass)]
    value: Unsigned8
    """What it means depends on the class: `dlmskit.types.enums.ERRORS_OF_CLASS`."""
