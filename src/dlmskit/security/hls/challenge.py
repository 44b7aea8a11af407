"""Challenges of HLS: drawn, checked and remembered (Green Book, 9.2.7.4.2).

A challenge is used once, right or wrong; keeping to that is the business of the association.
"""

from __future__ import annotations

import hashlib
from hmac import compare_digest

from dlmskit.crypto.random import Random, draw
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.hls.mechanism import HlsMechanism


def make_challenge(random: Random, mechanism: HlsMechanism, octets: int = 32) -> bytes:
    """A fresh challenge; `octets` is brought into what the mechanism allows."""
    return draw(random, min(max(octets, mechanism.shortest_challenge), mechanism.longest_challenge))


def check_challenges(mechanism: HlsMechanism, own: bytes, peer: bytes) -> None:
    """Refuse challenges that prove nothing, before anything is computed of them.

    Raises `SecurityError`: challenge-invalid for a length that the mechanism does not allow, or one octet repeated;
    challenge-reflected where the peer sent our own challenge back.
    """
    for name, challenge in (("our", own), ("the peer's", peer)):
        if not mechanism.shortest_challenge <= len(challenge) <= mechanism.longest_challenge:
            allowed = f"{mechanism.shortest_challenge} to {mechanism.longest_challenge}"
            message = f"{name} challenge has {len(challenge)} octets, allowed are {allowed}"
            raise SecurityError(SecurityReason.CHALLENGE_INVALID, message)
        if challenge == challenge[:1] * len(challenge):
            raise SecurityError(SecurityReason.CHALLENGE_INVALID, f"{name} challenge is one octet repeated")
    if compare_digest(own, peer):
        raise SecurityError(SecurityReason.CHALLENGE_REFLECTED, "the peer's challenge is our own")


class RecentChallenges:
    """The last challenges of a peer, as digests: one that comes again is worth a line in the log."""

    def __init__(self, kept: int = 256) -> None:
        self._kept = kept
        self._order: list[bytes] = []  # few mostly; a deque takes 700 octets when it is empty, for every connection

    def repeated(self, challenge: bytes) -> bool:
        """Remember this challenge; whether it was among the last ones before."""
        digest = hashlib.sha256(challenge).digest()
        seen = digest in self._order
        if not seen:
            self._order.append(digest)
            del self._order[: -self._kept]
        return seen
