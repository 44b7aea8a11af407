"""What the mechanisms with an HLS secret have in common (3, 4, 6; and the manufacturer's plug-in): secret and comparison.

Their answers are functions of challenges and secret alone. Whoever has recorded one can try secrets at leisure, so a short
one is no secret; mechanism 6 demands a long one, 3 and 4 are weak with any.
"""

from __future__ import annotations

from hmac import compare_digest

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext


def hls_secret(context: SecurityContext) -> bytes:
    """The secret that both parties hold. Raises `SecurityError` (missing-key)."""
    secret = context.keys.hls_secret
    if secret is None or not secret.reveal():
        raise SecurityError(SecurityReason.MISSING_KEY, "there is no HLS secret")
    return secret.reveal()


def compare(expected: bytes, answer: bytes) -> None:
    """Constant-time comparison of two answers. Raises `SecurityError` (authentication-failed)."""
    if not compare_digest(expected, answer):
        raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, "the peer does not have the same secret")
