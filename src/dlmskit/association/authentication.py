"""The proof that an association is open, and the only acts that make it: one function for each way to authenticate.

The service layer takes an `Associated` and nothing else, so that a forgotten authentication is a type error. Lowest level,
password (LLS) and four passes (HLS) are all there is; how a mechanism of HLS computes stands in `dlmskit.security.hls`.
"""

from __future__ import annotations

from typing import Final

from dlmskit.association.context import AssociationContext
from dlmskit.association.settings import AssociationSettings
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls import HlsMechanism, check_challenges
from dlmskit.security.keys import KeyRole, Secret
from dlmskit.security.protection import Verified
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import Mechanism

_SEAL = object()


class Associated:
    """The proof that an association is open: its peer has authenticated itself as the configuration demands."""

    __slots__ = ("context",)

    def __init__(self, context: AssociationContext, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only a finished authentication makes an Associated")
        self.context: Final = context

    def __repr__(self) -> str:
        return f"Associated({self.context!r})"


def without_authentication(context: AssociationContext) -> Associated:
    """Lowest level security, and pre-established associations: there is nothing to prove."""
    if context.mechanism is not Mechanism.LOWEST:
        raise SecurityError(SecurityReason.MECHANISM_MISMATCH, f"{context.mechanism.label} does not go without authentication")
    return Associated(context, _SEAL)


def password_taken(context: AssociationContext) -> Associated:
    """Client, LLS: the server has accepted our password. It has not proved anything itself."""
    if context.mechanism is not Mechanism.LLS:
        raise SecurityError(SecurityReason.MECHANISM_MISMATCH, f"{context.mechanism.label} is not done with the AARE")
    return Associated(context, _SEAL)


def with_password(context: AssociationContext, expected: Secret, given: bytes) -> Associated:
    """Server, LLS: compare the password. Raises SecurityError (authentication-failed)."""
    if context.mechanism is not Mechanism.LLS or not expected.matches(given):
        raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, "the password is not the right one")
    return Associated(context, _SEAL)


class Handshake:
    """The two challenges of one HLS authentication. Good for one attempt: the challenges are spent, right or wrong."""

    __slots__ = ("_mechanism", "_own", "_peer", "_security", "_spent")

    def __init__(self, mechanism: HlsMechanism, security: SecurityContext, own_challenge: bytes, peer_challenge: bytes) -> None:
        check_challenges(mechanism, own_challenge, peer_challenge)
        self._mechanism = mechanism
        self._security = security
        self._own = own_challenge
        self._peer = peer_challenge
        self._spent = False

    def answer(self) -> bytes:
        """Our answer to the peer's challenge: f(StoC) of a client, f(CtoS) of a server. Raises SecurityError."""
        return self._mechanism.answer(self._security, self._own, self._peer)

    def finish(self, context: AssociationContext, answer: bytes, carrier: Verified | None) -> Associated:
        """Verify the peer's answer to our challenge, and the APDU that carried it (None: one in clear).

        Raises SecurityError, for every further attempt too.
        """
        if self._spent:
            raise SecurityError(SecurityReason.CHALLENGE_INVALID, "the challenges of this handshake are spent")
        self._spent = True
        if context.mechanism != self._mechanism.id:
            raise SecurityError(SecurityReason.MECHANISM_MISMATCH, f"the handshake is one of mechanism {self._mechanism.id}")
        # The answer took its counter before its carrier did, which has moved the window already.
        lowest = None if carrier is None else carrier.lowest_before(KeyRole.GUEK)
        self._mechanism.verify(self._security, self._own, self._peer, answer, lowest=lowest)
        return Associated(context, _SEAL)


def pre_established(settings: AssociationSettings) -> Associated:
    """An association that exists by configuration: nothing is negotiated, nobody authenticates, its keys alone protect it."""
    if not settings.pre_established:
        raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, "this association is not configured as pre-established")
    context = AssociationContext(
        client_sap=settings.client_sap,
        server_sap=settings.server_sap,
        application_context=settings.application_context,
        mechanism=settings.mechanism,
        conformance=Conformance(settings.grantable_conformance),
        client_max_receive_pdu_size=settings.max_pdu_size,
        server_max_receive_pdu_size=settings.max_pdu_size,
        client_system_title=settings.client_system_title,
        server_system_title=settings.server_system_title,
        confirmed=not settings.broadcast,
    )
    return Associated(context, _SEAL)
