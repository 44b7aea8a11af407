"""What the AARE says: the decision table of the server as data, in checking order (application layer, 3.4).

The first row that holds refuses. The conditions are in `dlmskit.association.server.proposal`. Nothing is deciphered before
title, secret and challenge are as they must be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dlmskit.apdu import ConfirmedServiceError, ExceptionResponse
from dlmskit.association.server.proposal import (
    Proposal,
    answer_needed,
    bad_certificate,
    bad_challenge,
    bad_dedicated_key,
    bad_title,
    busy,
    counter_repeated,
    no_common_version,
    no_mechanism,
    not_deciphered,
    not_decoded,
    nothing_usable,
    other_context,
    other_mechanism,
    pdu_too_short,
    unknown_user,
    version_too_low,
    wrong_password,
)
from dlmskit.codec.ber import Diagnostic
from dlmskit.security.context import SecurityContext
from dlmskit.security.envelope import Form
from dlmskit.security.keys import KeyRole
from dlmskit.types.enums import (
    AcseServiceProvider,
    AcseServiceUser,
    ApplicationReferenceError,
    AssociationResult,
    ConfirmedService,
    ErrorClass,
    InitiateError,
    ServiceErrorCode,
    StateError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What an AARE that refuses says."""

    result: AssociationResult = AssociationResult.REJECTED_PERMANENT
    diagnostic: Diagnostic
    user_information: bytes | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    situation: str
    holds: Callable[[Proposal], bool]
    refusal: Refusal | None
    """None: an exception-response with the counter in place of the AARE."""


def _user(diagnostic: AcseServiceUser, error: ConfirmedServiceError | None = None) -> Refusal:
    return Refusal(diagnostic=Diagnostic(int(diagnostic)), user_information=None if error is None else error.encode())


def _initiate(error: InitiateError) -> ConfirmedServiceError:
    return ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, error)


_DECIPHERING_ERROR = ConfirmedServiceError(
    ConfirmedService.INITIATE_ERROR, ErrorClass.APPLICATION_REFERENCE, ApplicationReferenceError.DECIPHERING_ERROR
)


DECISIONS: tuple[Row, ...] = (
    Row(
        "no common protocol version",
        no_common_version,
        Refusal(diagnostic=Diagnostic(int(AcseServiceProvider.NO_COMMON_ACSE_VERSION), provider=True)),
    ),
    Row(
        "application context unknown or not offered here",
        other_context,
        _user(AcseServiceUser.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED),
    ),
    Row(
        "authentication needed and no mechanism named",
        no_mechanism,
        _user(AcseServiceUser.AUTHENTICATION_MECHANISM_NAME_REQUIRED),
    ),
    Row(
        "mechanism unknown or not the one of this association",
        other_mechanism,
        _user(AcseServiceUser.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED),
    ),
    Row(
        "calling-AP-title missing, malformed or of somebody else",
        bad_title,
        _user(AcseServiceUser.CALLING_AP_TITLE_NOT_RECOGNIZED),
    ),
    Row(
        "certificate missing or not to be believed, where signatures are needed",
        bad_certificate,
        _user(AcseServiceUser.CALLING_AE_QUALIFIER_NOT_RECOGNIZED),
    ),
    Row(
        "user id not in the list",
        unknown_user,
        _user(AcseServiceUser.CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED),
    ),
    Row("wrong password", wrong_password, _user(AcseServiceUser.AUTHENTICATION_FAILURE)),
    Row("challenge missing, of a wrong length or reflected", bad_challenge, _user(AcseServiceUser.AUTHENTICATION_FAILURE)),
    Row("invocation counter of the InitiateRequest used before", counter_repeated, None),
    Row(
        "user-information not protected as it must be",
        not_deciphered,
        _user(AcseServiceUser.AUTHENTICATION_FAILURE, _DECIPHERING_ERROR),
    ),
    Row(
        "no InitiateRequest that can be decoded",
        not_decoded,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.OTHER)),
    ),
    Row(
        "no answer allowed where authentication needs one",
        answer_needed,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.OTHER)),
    ),
    Row(
        "dedicated key in clear, of a wrong length or not fresh",
        bad_dedicated_key,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.OTHER)),
    ),
    Row(
        "DLMS version too low",
        version_too_low,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.DLMS_VERSION_TOO_LOW)),
    ),
    Row(
        "no common conformance that would be of use",
        nothing_usable,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.INCOMPATIBLE_CONFORMANCE)),
    ),
    Row(
        "client receives too little",
        pdu_too_short,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.PDU_SIZE_TOO_SHORT)),
    ),
    Row(
        "no room for another association",
        busy,
        Refusal(
            result=AssociationResult.REJECTED_TRANSIENT,
            diagnostic=Diagnostic(int(AcseServiceUser.NO_REASON_GIVEN)),
            user_information=_initiate(InitiateError.REFUSED_BY_THE_VDE_HANDLER).encode(),
        ),
    ),
)
"""In checking order; what passes all of them is accepted."""


def refusing_row(proposal: Proposal) -> Row | None:
    """The first row that holds; None where the proposal is accepted."""
    return next((row for row in DECISIONS if row.holds(proposal)), None)


def counter_refused(security: SecurityContext | None, form: Form) -> bytes:
    """D8 01 06 and the lowest counter that would be accepted under the key of this form."""
    role = KeyRole.DEDICATED if form.dedicated else KeyRole.GUEK
    lowest = 0 if security is None else security.window(role).lowest_acceptable
    return ExceptionResponse(
        StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, min(lowest, 0xFFFFFFFF)
    ).encode()
