"""Releasing an association as a client: RLRQ and RLRE (application layer, 3.5 and 7.3)."""

from __future__ import annotations

from dlmskit.apdu import InitiateResponse, Rlre, Rlrq, decode_apdu
from dlmskit.association.client.core import Core
from dlmskit.association.errors import RequestRefused
from dlmskit.association.layering import in_one_transaction, request_steps
from dlmskit.association.negotiation import proposal
from dlmskit.association.ports import EventCode, Exchange
from dlmskit.association.tables import Event
from dlmskit.codec.schema import Apdu
from dlmskit.errors import DecodeError, LocalProtocolError, SecurityError, SecurityReason, TransportTimeout
from dlmskit.security.envelope import Form
from dlmskit.security.protection import protect, protect_layers, unprotect
from dlmskit.types.enums import ReleaseRequestReason

_RLRE: frozenset[type[Apdu]] = frozenset((Rlre,))


def release(core: Core, reason: ReleaseRequestReason = ReleaseRequestReason.NORMAL) -> Exchange[bool]:
    """Release the association: whether the server agreed. It is over for us in any case.

    The RLRQ has the form of the AARQ: where that carried a ciphered InitiateRequest, so does this, and then only a ciphered
    InitiateResponse counts as agreement. Raises LocalProtocolError for an association that cannot be released.
    """
    if core.settings.pre_established:
        raise LocalProtocolError("a pre-established association cannot be released")
    core.begin(Event.RELEASE)
    try:
        rlrq = Rlrq(reason=int(reason), user_information=_protected_proposal(core)).encode()
        core.fire(Event.RELEASE)
        try:
            rlre = yield from core.exchange_as_is(rlrq, _RLRE)
            _check(core, rlre)
        except (TransportTimeout, RequestRefused, SecurityError, DecodeError) as error:
            core.report(EventCode.RELEASED, "without a valid RLRE", error)
            return False
        core.report(EventCode.RELEASED)
        return True
    finally:
        core.reset(Event.RELEASED)
        core.end()


def _protected_proposal(core: Core) -> bytes | None:
    context = None if core.associated is None else core.associated.context
    if context is None or not context.ciphered or core.security is None or core.form is None:
        return None
    # There is no ded-initiate: what travels in ACSE is always under the global key.
    form = Form.GENERAL_GLO if core.form.general else Form.GLO
    if core.steps:
        steps = in_one_transaction(request_steps(core.settings, form, established=True), core.security)
        return protect_layers(proposal(core.settings).encode(), core.security, steps)
    return protect(proposal(core.settings).encode(), core.security, form, core.control)


def _check(core: Core, rlre: Rlre) -> None:
    """Raise SecurityError or DecodeError where a ciphered association is not released by a ciphered InitiateResponse."""
    context = None if core.associated is None else core.associated.context
    if context is None or not context.ciphered or core.security is None:
        return
    response = decode_apdu(unprotect(rlre.user_information or b"", core.security).plain, deviations=[])
    if not isinstance(response, InitiateResponse):
        raise SecurityError(SecurityReason.INNER_TAG_MISMATCH, f"the RLRE carries {type(response).__name__}")
