"""Releasing an association as a server (application layer, 3.5): who asked with a ciphered InitiateRequest must release with one.

Otherwise anyone who can send octets could end the association of somebody else.
"""

from __future__ import annotations

from dlmskit.apdu import InitiateRequest, InitiateResponse, Rlre, Rlrq, decode_apdu
from dlmskit.association.context import AssociationContext
from dlmskit.association.layering import protect_in_family
from dlmskit.association.settings import AssociationSettings
from dlmskit.errors import DecodeError, SecurityError, SecurityReason
from dlmskit.limits import Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.envelope import has_layers
from dlmskit.security.protection import unprotect
from dlmskit.types.enums import ReleaseResponseReason


def released(
    octets: bytes,
    context: AssociationContext,
    settings: AssociationSettings,
    security: SecurityContext | None,
    limits: Limits,
) -> bytes:
    """The RLRE for an RLRQ that may release the association.

    Raises SecurityError for one that may not, DecodeError for one that cannot be read.
    """
    rlrq = decode_apdu(octets, limits=limits)
    if not isinstance(rlrq, Rlrq):
        raise DecodeError("not an RLRQ", 0, "Rlrq")
    answer = None
    if context.ciphered and security is not None:
        answer = _verified_answer(rlrq.user_information or b"", context, settings, security)
    return Rlre(reason=int(ReleaseResponseReason.NORMAL), user_information=answer).encode()


def _verified_answer(
    octets: bytes, context: AssociationContext, settings: AssociationSettings, security: SecurityContext
) -> bytes:
    """Verify the InitiateRequest, and answer in its family."""
    if not has_layers(octets):
        raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, "the RLRQ carries no ciphered InitiateRequest")
    verified = unprotect(octets, security)
    if not isinstance(decode_apdu(verified.plain), InitiateRequest):
        raise SecurityError(SecurityReason.INNER_TAG_MISMATCH, "the RLRQ carries something else than an InitiateRequest")
    response = InitiateResponse(
        negotiated_conformance=int(context.conformance), server_max_receive_pdu_size=context.server_max_receive_pdu_size
    )
    return protect_in_family(response.encode(), verified, security, settings.policy.response)
