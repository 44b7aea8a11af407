"""Mechanism 6, HLS with SHA-256 (Green Book, 9.2.7.4.6): a hash over the HLS secret, both titles and both challenges.

    f = SHA-256(HLS secret || title of who answers || title of who asked || challenge answered || other challenge)

The titles keep an answer from being passed on as another party's. The secret must be a random one: one recorded exchange is
enough to try secrets, and nothing in the protocol counts the tries.
"""

from __future__ import annotations

import hashlib

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls.challenge import check_challenges
from dlmskit.security.hls.shared_secret import compare, hls_secret
from dlmskit.types.system_title import SystemTitle


class Sha256:
    """HLS mechanism 6."""

    id = 6
    weak = False
    shortest_challenge = 8
    longest_challenge = 64

    def answer(self, context: SecurityContext, own_challenge: bytes, peer_challenge: bytes) -> bytes:
        """32 octets. Raises `SecurityError`: missing-key, wrong-key-length (a short secret), system-title-missing."""
        check_challenges(self, own_challenge, peer_challenge)
        return _answer(context, context.own_title, context.known_peer_title(), peer_challenge, own_challenge)

    def verify(
        self,
        context: SecurityContext,
        own_challenge: bytes,
        peer_challenge: bytes,
        answer: bytes,
        *,
        lowest: int | None = None,
    ) -> None:
        """Compare with the 32 octets that the peer should have made. Raises as `answer`, and authentication-failed."""
        check_challenges(self, own_challenge, peer_challenge)
        compare(_answer(context, context.known_peer_title(), context.own_title, own_challenge, peer_challenge), answer)


def _answer(context: SecurityContext, answers: SystemTitle, asked: SystemTitle, answered: bytes, other: bytes) -> bytes:
    secret = hls_secret(context)
    if len(secret) < context.suite.key_octets and not context.rules.accept_short_secret:
        found = len(secret)
        del secret
        message = f"the HLS secret has {found} octets, mechanism 6 needs {context.suite.key_octets} random ones"
        raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, message)
    return hashlib.sha256(secret + answers.octets + asked.octets + answered + other).digest()
