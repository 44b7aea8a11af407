"""Arithmetic of PDU sizes: how much of something fits into an APDU that is ciphered afterwards.

The negotiated size counts the whole APDU as the lower layer gets it, its protection included (application layer, negotiation).
"""

from __future__ import annotations

from dlmskit.codec.reader import length_size
from dlmskit.security.control import HEADER_OCTETS, SecurityControl
from dlmskit.security.envelope import Form

NO_LIMIT = 1 << 30
"""Stands for no limit, so that sizes can be compared without asking."""

_TAG_OCTETS = 12
_TITLE_OCTETS = 9


def send_limit(largest_sent: int, peer_receives: int) -> int:
    """The largest APDU that may be sent: what the lower layer carries and the peer announced (0: no limit)."""
    return min(largest_sent or NO_LIMIT, peer_receives or NO_LIMIT)


def content_room(room: int) -> int:
    """The longest octet string that takes at most ``room`` octets together with its length field; 0 where none does."""
    for size in range(1, 6):
        content = room - size
        if content < 0:
            return 0
        if length_size(content) <= size:
            return content
    return 0


def plain_room(limit: int, form: Form | None, control: SecurityControl | None) -> int:
    """The largest plain APDU that is no longer than ``limit`` once it is protected in this way (None: not at all)."""
    if form is None or control is None:
        return limit
    head = 1 + (_TITLE_OCTETS if form.general else 0)
    protection = HEADER_OCTETS + (_TAG_OCTETS if control.authenticated else 0)
    return max(content_room(limit - head) - protection, 0)
