"""The door through which randomness comes in: below `transport` nothing draws it on its own.

`secrets.token_bytes` and `os.urandom` fit as they are. What repeats itself is for tests alone.
"""

from __future__ import annotations

from typing import Protocol

from dlmskit.errors import SecurityError, SecurityReason


class Random(Protocol):
    """A cryptographically secure source of octets."""

    def __call__(self, count: int, /) -> bytes:
        """`count` fresh octets."""
        ...


def draw(random: Random, count: int) -> bytes:
    """`count` octets from `random`; a source that answers with another length is refused, never padded."""
    octets = random(count)
    if len(octets) != count:
        found = len(octets)
        del octets
        raise SecurityError(SecurityReason.UNSUPPORTED, f"the random source gave {found} octets where {count} were asked for")
    return octets
