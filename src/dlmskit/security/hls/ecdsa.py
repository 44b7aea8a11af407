"""Mechanism 7, HLS with ECDSA (Green Book, 9.2.7.4.7): a signature over both titles and both challenges.

    f = ECDSA(title of who answers || title of who asked || challenge answered || other challenge)

Nothing is shared, so nobody can answer for another: the one mechanism that a meter's secret in wrong hands does not break for
others. The peer's public key comes from the context, where a verified certificate put it.
"""

from __future__ import annotations

from dlmskit.crypto import ecdsa
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls.challenge import check_challenges


class Ecdsa:
    """HLS mechanism 7."""

    id = 7
    weak = False
    shortest_challenge = 32
    longest_challenge = 64

    def answer(self, context: SecurityContext, own_challenge: bytes, peer_challenge: bytes) -> bytes:
        """r || s, 64 or 96 octets. Raises `SecurityError`: missing-key, unsupported (suite 0), system-title-missing."""
        check_challenges(self, own_challenge, peer_challenge)
        titles = context.own_title.octets + context.known_peer_title().octets
        return context.parties.signing_key().sign(titles + peer_challenge + own_challenge)

    def verify(
        self,
        context: SecurityContext,
        own_challenge: bytes,
        peer_challenge: bytes,
        answer: bytes,
        *,
        lowest: int | None = None,
    ) -> None:
        """Verify the peer's signature. Raises as `answer`, and authentication-failed."""
        check_challenges(self, own_challenge, peer_challenge)
        peer = context.known_peer_title()
        signed = peer.octets + context.own_title.octets + own_challenge + peer_challenge
        try:
            ecdsa.verify(context.parties.verification_key_of(peer), signed, answer)
        except SecurityError as error:
            if error.reason is not SecurityReason.SIGNATURE_INVALID:
                raise
            raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, str(error)) from None
