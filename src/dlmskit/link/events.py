"""What every link machine tells the layer above, whatever its medium."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A link is up (again); client and server are SAPs."""

    client: int
    server: int


@dataclass(frozen=True, slots=True)
class Received:
    """One whole APDU, delivered once and in order."""

    client: int
    server: int
    apdu: bytes


@dataclass(frozen=True, slots=True)
class LinkDown:
    """A link is gone, and with it every association on it."""

    client: int
    server: int
    reason: str
    silent: bool = False
    """The peer did not answer, however often it was asked."""
