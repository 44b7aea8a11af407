"""What the AARE says: the decision table of the server as data, in checking order (application layer, 3.4).

The first row that holds refuses. A row may rely on what the rows above it have made sure of, and leaves what it found in the
`Proposal`. Nothing is deciphered before title, secret and challenge are as they must be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dlmskit.apdu import (
    Aarq,
    Apdu,
    ConfirmedServiceError,
    ExceptionResponse,
    InitiateRequest,
    decode_apdu,
    last_arc,
)
from dlmskit.apdu.initiate import VERSION
from dlmskit.association.authentication import Handshake
from dlmskit.association.negotiation import grant
from dlmskit.association.settings import SMALLEST_PDU, AssociationSettings
from dlmskit.association.sizes import plain_room
from dlmskit.codec.ber import Diagnostic
from dlmskit.errors import DlmsError, SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, SecurityControl
from dlmskit.security.envelope import Form, is_protected
from dlmskit.security.hls import HlsMechanism
from dlmskit.security.keys import Key, KeyRole, Secret
from dlmskit.security.protection import Verified, unprotect
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import (
    AcseServiceProvider,
    AcseServiceUser,
    ApplicationReferenceError,
    AssociationResult,
    ConfirmedService,
    ErrorClass,
    InitiateError,
    Mechanism,
    ServiceErrorCode,
    StateError,
)
from dlmskit.types.system_title import SystemTitle


@dataclass(slots=True, kw_only=True)
class Proposal:
    """An AARQ on its way through the table, and what the rows have found in it."""

    aarq: Aarq
    settings: AssociationSettings
    password: Secret | None
    hls: HlsMechanism | None
    challenge: bytes
    """Ours, StoC."""
    security_with: Callable[[SystemTitle | None], SecurityContext]
    """Makes the security context with this client. Raises SecurityError."""
    has_room: Callable[[], bool]
    title: SystemTitle | None = None
    security: SecurityContext | None = None
    handshake: Handshake | None = None
    verified: Verified | None = None
    initiate: InitiateRequest = field(default_factory=InitiateRequest)
    error: DlmsError | None = None
    """What was raised on the way; for the log."""


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

# --- The AARQ itself ---------------------------------------------------------------------------------------------------


def _no_common_version(proposal: Proposal) -> bool:
    """A BIT STRING (unused bits, then the bits) without bit 0, version 1."""
    version = proposal.aarq.protocol_version
    return version is not None and not (len(version) > 1 and version[1] & 0x80)


def _other_context(proposal: Proposal) -> bool:
    return last_arc(proposal.aarq.application_context_name, 1) != proposal.settings.application_context


def _authenticates(aarq: Aarq) -> bool:
    """Whether sender-acse-requirements (unused bits, then the bits) asks for authentication."""
    requirements = aarq.sender_acse_requirements
    return requirements is not None and len(requirements) > 1 and bool(requirements[1] & 0x80)


def _no_mechanism(proposal: Proposal) -> bool:
    aarq = proposal.aarq
    wanted = proposal.settings.mechanism is not Mechanism.LOWEST
    return wanted and (aarq.mechanism_name is None or not _authenticates(aarq))


def _other_mechanism(proposal: Proposal) -> bool:
    name = proposal.aarq.mechanism_name
    return name is not None and last_arc(name, 2) != proposal.settings.mechanism


def _bad_title(proposal: Proposal) -> bool:
    """Missing, malformed, not the expected one, or our own, where ciphering or the mechanism is bound to titles."""
    settings, octets = proposal.settings, proposal.aarq.calling_ap_title
    if octets is None and settings.switches.missing_client_title and settings.client_system_title is not None:
        octets = settings.client_system_title.octets
    if octets is not None and len(octets) == 8:
        proposal.title = SystemTitle(octets)
    title = proposal.title
    if not settings.needs_titles:
        proposal.security = proposal.security_with(None) if settings.needs_security else None
        return False
    if title is None:
        return True
    if title.manufacturer is None and not settings.switches.any_manufacturer:
        return True
    if settings.client_system_title not in (None, title):
        return True
    try:
        proposal.security = proposal.security_with(title)  # refuses our own title
    except SecurityError as error:
        proposal.error = error
        return True
    return False


def _unknown_user(proposal: Proposal) -> bool:
    users = proposal.settings.user_ids
    return users is not None and proposal.aarq.calling_ae_invocation_id not in users


def _wrong_password(proposal: Proposal) -> bool:
    if proposal.settings.mechanism is not Mechanism.LLS:
        return False
    value = proposal.aarq.calling_authentication_value
    return value is None or proposal.password is None or not proposal.password.matches(value.octets)


def _bad_challenge(proposal: Proposal) -> bool:
    if proposal.hls is None:
        return False
    value = proposal.aarq.calling_authentication_value
    if value is None or proposal.security is None:
        return True
    try:
        proposal.handshake = Handshake(proposal.hls, proposal.security, proposal.challenge, value.octets)
    except SecurityError as error:
        proposal.error = error
        return True
    return False


# --- The InitiateRequest -----------------------------------------------------------------------------------------------


def _counter_repeated(proposal: Proposal) -> bool:
    """Take the protection off, once; this row and the next one look at what came of it."""
    octets = proposal.aarq.user_information or b""
    try:
        if is_protected(octets):
            octets = _deciphered(proposal, octets)
        elif proposal.settings.policy.request:
            raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, "the InitiateRequest came in clear")
        proposal.initiate = _initiate_request(octets)
    except DlmsError as error:
        proposal.error = error
    return isinstance(proposal.error, SecurityError) and proposal.error.reason is SecurityReason.COUNTER_REPEATED


def _deciphered(proposal: Proposal, octets: bytes) -> bytes:
    if proposal.security is None or not proposal.settings.ciphered:
        raise SecurityError(SecurityReason.UNSUPPORTED, "a ciphered InitiateRequest, in an association without ciphering")
    proposal.verified = unprotect(octets, proposal.security)
    return proposal.verified.plain


def _initiate_request(octets: bytes) -> InitiateRequest:
    initiate: Apdu = decode_apdu(octets)
    if not isinstance(initiate, InitiateRequest):
        raise SecurityError(SecurityReason.INNER_TAG_MISMATCH, f"{type(initiate).__name__} in place of the InitiateRequest")
    return initiate


def _not_deciphered(proposal: Proposal) -> bool:
    return isinstance(proposal.error, SecurityError)


def _not_decoded(proposal: Proposal) -> bool:
    return proposal.error is not None


def _answer_needed(proposal: Proposal) -> bool:
    """HLS cannot do without an AARE; LLS would open in silence and leave a password behind."""
    return not proposal.initiate.response_allowed and proposal.settings.mechanism is not Mechanism.LOWEST


def _bad_dedicated_key(proposal: Proposal) -> bool:
    """A dedicated key in clear, of another length, or not fresh. Taken into force where it is good."""
    octets = proposal.initiate.dedicated_key
    if octets is None:
        return False
    verified, security = proposal.verified, proposal.security
    if verified is None or security is None or not verified.channel.control.encrypted:
        return True
    try:
        security.use_dedicated_key(Key(octets, KeyRole.DEDICATED))
    except SecurityError as error:
        proposal.error = error
        return True
    return False


def _version_too_low(proposal: Proposal) -> bool:
    return proposal.initiate.proposed_dlms_version_number < VERSION


def _nothing_usable(proposal: Proposal) -> bool:
    return not grant(proposal.settings, proposal.initiate.proposed_conformance).usable_with_logical_names


def _pdu_too_short(proposal: Proposal) -> bool:
    """Below the standard's bound; in a ciphered association, too short for its smallest answers."""
    size = proposal.initiate.client_max_receive_pdu_size
    if not size:
        return False
    settings = proposal.settings
    if settings.ciphered and settings.policy:
        general = grant(settings, proposal.initiate.proposed_conformance) & Conformance.GENERAL_PROTECTION
        form = Form.GENERAL_GLO if general else Form.GLO
        size = plain_room(size, form, SecurityControl(int(AUTHENTICATED_ENCRYPTED) << 4))
    return size < SMALLEST_PDU


def _busy(proposal: Proposal) -> bool:
    return not proposal.has_room()


DECISIONS: tuple[Row, ...] = (
    Row(
        "no common protocol version",
        _no_common_version,
        Refusal(diagnostic=Diagnostic(int(AcseServiceProvider.NO_COMMON_ACSE_VERSION), provider=True)),
    ),
    Row(
        "application context unknown or not offered here",
        _other_context,
        _user(AcseServiceUser.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED),
    ),
    Row(
        "authentication needed and no mechanism named",
        _no_mechanism,
        _user(AcseServiceUser.AUTHENTICATION_MECHANISM_NAME_REQUIRED),
    ),
    Row(
        "mechanism unknown or not the one of this association",
        _other_mechanism,
        _user(AcseServiceUser.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED),
    ),
    Row(
        "calling-AP-title missing, malformed or of somebody else",
        _bad_title,
        _user(AcseServiceUser.CALLING_AP_TITLE_NOT_RECOGNIZED),
    ),
    Row(
        "user id not in the list",
        _unknown_user,
        _user(AcseServiceUser.CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED),
    ),
    Row("wrong password", _wrong_password, _user(AcseServiceUser.AUTHENTICATION_FAILURE)),
    Row("challenge missing, of a wrong length or reflected", _bad_challenge, _user(AcseServiceUser.AUTHENTICATION_FAILURE)),
    Row("invocation counter of the InitiateRequest used before", _counter_repeated, None),
    Row(
        "user-information not protected as it must be",
        _not_deciphered,
        _user(AcseServiceUser.AUTHENTICATION_FAILURE, _DECIPHERING_ERROR),
    ),
    Row(
        "no InitiateRequest that can be decoded",
        _not_decoded,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.OTHER)),
    ),
    Row(
        "no answer allowed where authentication needs one",
        _answer_needed,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.OTHER)),
    ),
    Row(
        "dedicated key in clear, of a wrong length or not fresh",
        _bad_dedicated_key,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.OTHER)),
    ),
    Row(
        "DLMS version too low",
        _version_too_low,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.DLMS_VERSION_TOO_LOW)),
    ),
    Row(
        "no common conformance that would be of use",
        _nothing_usable,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.INCOMPATIBLE_CONFORMANCE)),
    ),
    Row(
        "client receives too little",
        _pdu_too_short,
        _user(AcseServiceUser.NO_REASON_GIVEN, _initiate(InitiateError.PDU_SIZE_TOO_SHORT)),
    ),
    Row(
        "no room for another association",
        _busy,
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
