"""What an HLS mechanism is, and the registry that finds it by its number (Green Book, 9.2.7.4, passes 3 and 4).

Both passes are the same act seen from two sides: one party answers the other's challenge, the other verifies. So a
mechanism has two methods and no notion of client and server.
"""

from __future__ import annotations

from typing import Protocol

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext

_LOWEST, _LLS = 0, 1


class HlsMechanism(Protocol):
    """One authentication mechanism with a challenge. The context brings titles, keys, secrets, counters."""

    id: int
    """Last number of the mechanism name, 2 to 7."""
    weak: bool
    """Whether who listens or stands between can get in by known means: for users who say so, never by default."""
    shortest_challenge: int
    longest_challenge: int

    def answer(self, context: SecurityContext, own_challenge: bytes, peer_challenge: bytes) -> bytes:
        """f(StoC) for a client, f(CtoS) for a server: the answer to the peer's challenge. Raises `SecurityError`."""
        ...

    def verify(
        self,
        context: SecurityContext,
        own_challenge: bytes,
        peer_challenge: bytes,
        answer: bytes,
        *,
        lowest: int | None = None,
    ) -> None:
        """Check the peer's answer to our challenge. Raises `SecurityError`; the peer learns nothing of the reason.

        An answer is made before the ciphered APDU that carries it, so its counter may be lower; `lowest` is the lowest one
        that was acceptable before that APDU. None: the answer came in clear.
        """
        ...


_MECHANISMS: dict[int, HlsMechanism] = {}


def register(mechanism: HlsMechanism) -> None:
    """Add a mechanism, or replace the one with its number (mechanism 2 is the manufacturer's own)."""
    _MECHANISMS[mechanism.id] = mechanism


def hls_mechanism(mechanism_id: int) -> HlsMechanism:
    """The mechanism with this number. Raises `SecurityError` (unsupported) where there is none."""
    mechanism = _MECHANISMS.get(mechanism_id)
    if mechanism is None:
        hint = "; it is the manufacturer's own: register one" if mechanism_id == 2 else ""
        raise SecurityError(SecurityReason.UNSUPPORTED, f"authentication mechanism {mechanism_id} is not supported{hint}")
    return mechanism


def is_weak(mechanism_id: int) -> bool:
    """Whether this mechanism needs the user's word (``allow_weak``): the password of 1, and what is marked among 2 to 7.

    Mechanism 0 is not weak: it claims nothing. Raises as `hls_mechanism`.
    """
    return mechanism_id == _LLS or (mechanism_id != _LOWEST and hls_mechanism(mechanism_id).weak)
