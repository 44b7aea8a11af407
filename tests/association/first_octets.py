"""What a server with logical names owes for each first octet, by the tables of the standard and not by those of the source.

Written down from the tags with their directions and from the answers per state (application layer, 1.1, 1.2 and 7.5).
"""

from __future__ import annotations

from dlmskit.association import State

SILENCE = b""
NOT_ALLOWED, NO_SHORT_NAMES, UNKNOWN = (bytes.fromhex(answer) for answer in ("D80102", "0E010302", "D80202"))

INITIATE = bytes.fromhex("01 21 41")
"""Only inside of the user-information of an AARQ."""
SHORT_NAMES = bytes.fromhex("05 06 25 26 45 46")
SHORT_NAMES_UNCONFIRMED = bytes.fromhex("16 36 56")
FROM_A_SERVER = bytes.fromhex(
    "08 28 48 0C 2C 4C 0D 2D 4D 0E 2E 4E 0F 18 38 58 61 63 C2 CA D2 C4 CC D4 C5 CD D5 C7 CF D7 D8 DA E7"
)
"""Responses, errors, notifications, what comes back from a gateway: dropped in any state."""
POWER_LINE = bytes.fromhex("19 1A 1C 1D 1E 1F")
CONFIRMATION, AARQ, RLRQ, GATEWAY = 0x10, 0x60, 0x62, 0xE6
PLAIN_SERVICES = bytes.fromhex("C0 C1 C3 D9 10")
"""GET, SET, ACTION, ACCESS, and the confirmation of a push."""
ACTIONS = bytes.fromhex("C3 CB D3")
PROTECTED_SERVICES = bytes.fromhex("C8 C9 CB D0 D1 D3 DB DC DD DF")
BLOCKS = 0xE0
_ONE_OF_A_KIND = bytes((CONFIRMATION, AARQ, RLRQ, GATEWAY, BLOCKS))
DECLARED = frozenset(
    INITIATE
    + SHORT_NAMES
    + SHORT_NAMES_UNCONFIRMED
    + FROM_A_SERVER
    + POWER_LINE
    + PLAIN_SERVICES
    + PROTECTED_SERVICES
    + _ONE_OF_A_KIND
)
"""Every other octet is no tag at all."""


def owed(state: State, octet: int) -> bytes | None:
    """The answer to an APDU that begins with ``octet``; None where it depends on what stands behind that."""
    if octet in FROM_A_SERVER or octet in POWER_LINE or octet in SHORT_NAMES_UNCONFIRMED:
        return SILENCE
    if octet == AARQ:
        return None
    if state is State.ASSOCIATED:
        return _owed_in_an_association(octet)
    if state is State.HLS_PENDING and (octet in ACTIONS or octet in bytes.fromhex("DB DC DD DF")):
        return None  # it may be the reply to the challenge
    if octet in SHORT_NAMES:
        return NO_SHORT_NAMES
    return SILENCE if octet in {RLRQ, CONFIRMATION} else NOT_ALLOWED


def _owed_in_an_association(octet: int) -> bytes | None:
    if octet not in DECLARED:
        return UNKNOWN
    return NOT_ALLOWED if octet in INITIATE or octet in SHORT_NAMES or octet == GATEWAY else None
