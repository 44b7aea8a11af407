"""Every limit in one frozen object: what a peer may make us hold, count, nest or wait for.

A limit is passed in where octets are read; it is checked before anything is allocated or looped over.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in octets, counts in elements, times in seconds."""

    apdu_octets: int = 1 << 20
    """Largest APDU that is decoded, and largest one assembled from blocks."""
    data_depth: int = 32
    """Deepest nesting of COSEM data."""
    data_elements: int = 1 << 20
    """Most elements of one COSEM data tree, elements that take no octets included."""
    apdu_nesting: int = 4
    """Deepest nesting of protected APDUs inside one another."""
    frame_octets: int = 1 << 16
    """Largest link frame, and largest amount held while waiting for the rest of one."""
    list_items: int = 1024
    """Most items of one request with list, and most rows of a protocol list that is not COSEM data."""
    associate_octets: int = 4096
    """Largest AARQ a server reads before anything is negotiated."""
    profile_layouts: int = 64
    """Most row layouts learnt in one profile buffer before every row is decoded the general way."""
    response_seconds: float = 10.0
    """How long a client waits for an answer."""
    message_seconds: float = 30.0
    """How long a peer may take to deliver one whole message."""
    inactivity_seconds: float = 120.0
    """How long a server keeps an association without traffic."""
    double_seconds: float = 0.5
    """A request that comes again sooner than this after its answer was doubled by the medium; later, somebody asks again."""
    repetition_seconds: float = 10.0
    """How long a server on a medium that loses messages knows a request again, and does not execute it twice."""
    connections: int = 256
    """Most connections of one server."""
    pending_connections: int = 64
    """Most connections of one server that have no association yet."""


DEFAULT = Limits()
"""What is used where the caller passes nothing."""
