"""One piece of input: octets that belong together, with what is known of where they come from."""

from __future__ import annotations

import msgspec


class Chunk(msgspec.Struct, frozen=True):
    """Octets for `dlmskit.trace.frames.find_frames`."""

    label: str
    """File, line or connection, for people."""
    octets: bytes
    direction: str | None = None
    """``c2s`` or ``s2c`` where the input tells (a log is taken for that of a client)."""
    timestamp: float | None = None
    """Seconds since 1970, from a packet capture."""
    captured: bool = False
    """From a packet capture: many messages of a link, rather than one that somebody hands in."""
