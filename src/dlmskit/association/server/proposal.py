"""An AARQ on its way through the decision table: the conditions of its rows, and what they find (application layer, 3.4).

A condition may rely on those above it in the table. Each leaves what it found in the `Proposal`, so that nothing is decoded,
deciphered or compared twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dlmskit.apdu import Aarq, Apdu, InitiateRequest, decode_apdu, last_arc
from dlmskit.apdu.initiate import VERSION
from dlmskit.association.authentication import Handshake
from dlmskit.association.negotiation import grant, usable
from dlmskit.association.settings import SMALLEST_PDU, AssociationSettings
from dlmskit.association.sizes import plain_room
from dlmskit.errors import DlmsError, SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection, SecurityControl
from dlmskit.security.envelope import Form, has_layers
from dlmskit.security.hls import HlsMechanism
from dlmskit.security.keys import Key, KeyRole, Secret
from dlmskit.security.protection import Verified, unprotect
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import Mechanism
from dlmskit.types.system_title import SystemTitle

_GENERAL_PROTECTION = int(Conformance.GENERAL_PROTECTION)


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
    introduce: Callable[[SecurityContext, bytes | None], None]
    """Makes signatures of this client verifiable, by the certificate that it sent. Raises SecurityError."""
    has_room: Callable[[], bool]
    title: SystemTitle | None = None
    security: SecurityContext | None = None
    handshake: Handshake | None = None
    verified: Verified | None = None
    initiate: InitiateRequest = field(default_factory=InitiateRequest)
    error: DlmsError | None = None
    """What was raised on the way; for the log."""


# --- The AARQ itself ---------------------------------------------------------------------------------------------------


def no_common_version(proposal: Proposal) -> bool:
    """A BIT STRING (unused bits, then the bits) without bit 0, version 1."""
    version = proposal.aarq.protocol_version
    return version is not None and not (len(version) > 1 and version[1] & 0x80)


def other_context(proposal: Proposal) -> bool:
    """The application context is not the one of this pair of SAPs."""
    return last_arc(proposal.aarq.application_context_name, 1) != proposal.settings.application_context


def _authenticates(aarq: Aarq) -> bool:
    """Whether sender-acse-requirements (unused bits, then the bits) asks for authentication."""
    requirements = aarq.sender_acse_requirements
    return requirements is not None and len(requirements) > 1 and bool(requirements[1] & 0x80)


def no_mechanism(proposal: Proposal) -> bool:
    """Authentication is demanded here, and the AARQ does not ask for it."""
    aarq = proposal.aarq
    wanted = proposal.settings.mechanism is not Mechanism.LOWEST
    return wanted and (aarq.mechanism_name is None or not _authenticates(aarq))


def other_mechanism(proposal: Proposal) -> bool:
    """The mechanism named is not the one of this association; none stronger, none weaker."""
    name = proposal.aarq.mechanism_name
    return name is not None and last_arc(name, 2) != proposal.settings.mechanism


def bad_title(proposal: Proposal) -> bool:
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


def bad_certificate(proposal: Proposal) -> bool:
    """Signatures are needed: the public key of the client is not known, or the certificate that it sent is not to be believed."""
    if not proposal.settings.needs_signatures:
        return False
    if proposal.security is None:
        return True
    try:
        proposal.introduce(proposal.security, proposal.aarq.calling_ae_qualifier)
    except SecurityError as error:
        proposal.error = error
        return True
    return False


def unknown_user(proposal: Proposal) -> bool:
    """There is a list of users, and the user id is not in it."""
    users = proposal.settings.user_ids
    return users is not None and proposal.aarq.calling_ae_invocation_id not in users


def wrong_password(proposal: Proposal) -> bool:
    """LLS: the password is missing or not the right one."""
    if proposal.settings.mechanism is not Mechanism.LLS:
        return False
    value = proposal.aarq.calling_authentication_value
    return value is None or proposal.password is None or not proposal.password.matches(value.octets)


def bad_challenge(proposal: Proposal) -> bool:
    """HLS: the challenge is missing, has a wrong length, proves nothing, or is our own."""
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


def counter_repeated(proposal: Proposal) -> bool:
    """Take the protection off, once; this row and the next one look at what came of it."""
    octets = proposal.aarq.user_information or b""
    try:
        if has_layers(octets):
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


def not_deciphered(proposal: Proposal) -> bool:
    """Too little protection, or protection that does not verify."""
    return isinstance(proposal.error, SecurityError)


def not_decoded(proposal: Proposal) -> bool:
    """There is no InitiateRequest, or none that follows its declaration."""
    return proposal.error is not None


def answer_needed(proposal: Proposal) -> bool:
    """HLS cannot do without an AARE; LLS would open in silence and leave a password behind."""
    return not proposal.initiate.response_allowed and proposal.settings.mechanism is not Mechanism.LOWEST


def bad_dedicated_key(proposal: Proposal) -> bool:
    """A dedicated key in clear, of another length, or not fresh. Taken into force where it is good."""
    octets = proposal.initiate.dedicated_key
    if octets is None:
        return False
    verified, security = proposal.verified, proposal.security
    if verified is None or security is None or Protection.ENCRYPTED not in verified.protection:
        return True
    try:
        security.use_dedicated_key(Key(octets, KeyRole.DEDICATED))
    except SecurityError as error:
        proposal.error = error
        return True
    return False


def version_too_low(proposal: Proposal) -> bool:
    """A later version is negotiated down to 6."""
    return proposal.initiate.proposed_dlms_version_number < VERSION


def nothing_usable(proposal: Proposal) -> bool:
    """Of what both sides can do nothing would be left to work with."""
    return not usable(proposal.settings, grant(proposal.settings, proposal.initiate.proposed_conformance))


def pdu_too_short(proposal: Proposal) -> bool:
    """Below the standard's bound; in a ciphered association, too short for its smallest answers."""
    size = proposal.initiate.client_max_receive_pdu_size
    if not size:
        return False
    settings = proposal.settings
    if settings.ciphered and settings.policy:
        general = grant(settings, proposal.initiate.proposed_conformance) & _GENERAL_PROTECTION
        form = Form.GENERAL_GLO if general else Form.GLO
        size = plain_room(size, form, SecurityControl(int(AUTHENTICATED_ENCRYPTED) << 4))
    return size < SMALLEST_PDU


def busy(proposal: Proposal) -> bool:
    """As many associations are open as there may be."""
    return not proposal.has_room()
