"""A mechanism 2 of several makers: AES on the challenge, block by block, under the HLS secret. A plug-in, to be asked for.

    from dlmskit.security.hls import register
    from dlmskit.security.hls.aes_ecb import AesEcb
    register(AesEcb())

Mechanism 2 is each manufacturer's own, so nothing is registered for it. This one follows the convention of a widespread stack and
of the Indian profile; no published vector confirms it. Weak: the answer binds neither title nor party, and equal blocks of a
challenge give equal blocks of the answer.
"""

from __future__ import annotations

from dlmskit.crypto.block import BLOCK_OCTETS, encrypt_blocks
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls.challenge import check_challenges
from dlmskit.security.hls.shared_secret import compare, hls_secret


class AesEcb:
    """HLS mechanism 2 as AES-128 on the challenge, filled up with zeros to whole blocks of 16 octets."""

    id = 2
    weak = True
    shortest_challenge = 8
    longest_challenge = 64

    def answer(self, context: SecurityContext, own_challenge: bytes, peer_challenge: bytes) -> bytes:
        """16 octets for each block begun. Raises `SecurityError`: missing-key, wrong-key-length (a secret over 16 octets)."""
        check_challenges(self, own_challenge, peer_challenge)
        return _encrypted(context, peer_challenge)

    def verify(
        self,
        context: SecurityContext,
        own_challenge: bytes,
        peer_challenge: bytes,
        answer: bytes,
        *,
        lowest: int | None = None,
    ) -> None:
        """Compare with the octets that we should have made. Raises as `answer`, and authentication-failed."""
        check_challenges(self, own_challenge, peer_challenge)
        compare(_encrypted(context, own_challenge), answer)


def _encrypted(context: SecurityContext, challenge: bytes) -> bytes:
    secret = hls_secret(context)
    if len(secret) > BLOCK_OCTETS:
        found = len(secret)
        del secret
        raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, f"this mechanism 2 takes a secret of 16 octets, found {found}")
    filled = challenge + bytes(-len(challenge) % BLOCK_OCTETS)
    return encrypt_blocks(secret + bytes(BLOCK_OCTETS - len(secret)), filled)
