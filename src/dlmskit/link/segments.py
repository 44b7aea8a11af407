"""What the reassemblers of the link layers answer with; how segments are told apart is the business of each."""

from __future__ import annotations

import msgspec


class Joined(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one more segment."""

    octets: bytes | None = None
    """The whole, when this segment completed one."""
    fault: str = ""
    """Why an unfinished chain, or this very segment, was thrown away."""
    lost: bytes = b""
    """What was thrown away."""


MORE = Joined()
"""Taken; others must follow."""
