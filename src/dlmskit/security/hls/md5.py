"""Mechanism 3, HLS with MD5 (Green Book, 9.2.7.4.3): MD5 over the peer's challenge and the HLS secret, 16 octets.

Weak: no title and no other challenge is in the answer, so a man in the middle lets two parties answer for him; and one
recorded exchange is enough to search for the secret. For meters that offer nothing better.
"""

from __future__ import annotations

import hashlib

from dlmskit.security.context import SecurityContext
from dlmskit.security.hls.challenge import check_challenges
from dlmskit.security.hls.shared_secret import compare, hls_secret


class Md5:
    """HLS mechanism 3."""

    id = 3
    weak = True
    shortest_challenge = 8
    longest_challenge = 64

    def answer(self, context: SecurityContext, own_challenge: bytes, peer_challenge: bytes) -> bytes:
        """16 octets. Raises `SecurityError` (missing-key)."""
        check_challenges(self, own_challenge, peer_challenge)
        return _digest(peer_challenge + hls_secret(context))

    def verify(
        self,
        context: SecurityContext,
        own_challenge: bytes,
        peer_challenge: bytes,
        answer: bytes,
        *,
        lowest: int | None = None,
    ) -> None:
        """Compare with the 16 octets that we should have made. Raises `SecurityError`: authentication-failed, missing-key."""
        check_challenges(self, own_challenge, peer_challenge)
        compare(_digest(own_challenge + hls_secret(context)), answer)


def _digest(octets: bytes) -> bytes:
    return hashlib.md5(octets, usedforsecurity=False).digest()  # not one, but what the standard says here
