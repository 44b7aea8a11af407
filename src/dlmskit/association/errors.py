"""How a server refuses a client as a whole: members of the error tree of `dlmskit.errors` that carry what was answered.

Results of single attributes and methods are values, not errors: one item of a list may fail alone.
"""

from __future__ import annotations

from dlmskit.apdu import Aare, ConfirmedServiceError, ExceptionResponse
from dlmskit.errors import RemoteProtocolError, ServiceError
from dlmskit.types.enums import (
    ERRORS_OF_CLASS,
    AcseServiceProvider,
    AcseServiceUser,
    AssociationResult,
    ServiceErrorCode,
    StateError,
    confirmed_service_error_label,
    label_of,
    member_or_int,
)


class AssociationRefused(ServiceError):
    """The AARE says no. `code` is the diagnostic (AcseServiceUser or AcseServiceProvider)."""

    def __init__(self, aare: Aare, reason: ConfirmedServiceError | None = None) -> None:
        diagnostic = aare.result_source_diagnostic
        names = AcseServiceProvider if diagnostic.provider else AcseServiceUser
        self.result = member_or_int(AssociationResult, aare.result)
        """Whether it makes sense to try again: rejected-transient, or rejected-permanent."""
        self.reason = reason
        """What the server says about the InitiateRequest, where it does."""
        detail = "" if reason is None else confirmed_service_error_label(reason.service, reason.error_class, reason.value)
        where = f"association {label_of(AssociationResult, aare.result)}"
        super().__init__(member_or_int(names, diagnostic.value), where, detail)

    @property
    def authentication_failed(self) -> bool:
        """Whether secret or mechanism were not taken: a matter of keys, not of another try."""
        return self.code in {
            AcseServiceUser.AUTHENTICATION_FAILURE,
            AcseServiceUser.AUTHENTICATION_REQUIRED,
            AcseServiceUser.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED,
            AcseServiceUser.AUTHENTICATION_MECHANISM_NAME_REQUIRED,
        }


class RequestRefused(ServiceError):
    """The request was not served at all: exception-response or confirmed service error. It came in clear, so it is a hint."""


class ExceptionReceived(RequestRefused):
    """An exception-response. `code` is its service-error."""

    def __init__(self, answer: ExceptionResponse) -> None:
        self.state_error = member_or_int(StateError, answer.state_error)
        super().__init__(
            member_or_int(ServiceErrorCode, answer.service_error),
            "exception-response",
            label_of(StateError, answer.state_error),
        )


class InvocationCounterRefused(ExceptionReceived):
    """An exception-response to an invocation counter that was too low.

    Nobody vouches for `lowest_acceptable`: whoever follows it bounds the jump (`InvocationCounter.advance_to` does).
    """

    def __init__(self, answer: ExceptionResponse, lowest_acceptable: int) -> None:
        super().__init__(answer)
        self.lowest_acceptable = lowest_acceptable


class BlockTransferAborted(RemoteProtocolError):
    """The peer ended a general block transfer, or broke its rules so that we did; nothing of it was handed up."""


class ConfirmedServiceErrorReceived(RequestRefused):
    """A confirmed service error in place of an answer. `code` is its value, a member of the enumeration of its class."""

    def __init__(self, error: ConfirmedServiceError) -> None:
        self.error = error
        text = confirmed_service_error_label(error.service, error.error_class, error.value)
        names = ERRORS_OF_CLASS.get(error.error_class)
        code = error.value if names is None else member_or_int(names, error.value)
        super().__init__(code, "confirmed service error", text)


def exception_received(answer: ExceptionResponse) -> ExceptionReceived:
    """The error for an exception-response."""
    if answer.invocation_counter is not None:
        return InvocationCounterRefused(answer, answer.invocation_counter)
    return ExceptionReceived(answer)
