"""What every mechanism must do, whatever it computes: used by the test file of each one."""

from __future__ import annotations

import secrets

import pytest

from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls import HlsMechanism
from tests.security.test_keys import whole_traceback

CTOS, STOC = secrets.token_bytes(32), secrets.token_bytes(32)


def refused(
    mechanism: HlsMechanism, reason: SecurityReason, context: SecurityContext, own: bytes, peer: bytes, answer: bytes
) -> None:
    with pytest.raises(SecurityError) as caught:
        mechanism.verify(context, own, peer, answer)
    assert caught.value.reason is reason, caught.value


def both_ways(mechanism: HlsMechanism, client: SecurityContext, server: SecurityContext) -> None:
    """Passes 3 and 4, the passes of another exchange in between."""
    answer = mechanism.answer(client, CTOS, STOC)
    mechanism.verify(server, STOC, CTOS, answer)
    mechanism.verify(client, CTOS, STOC, mechanism.answer(server, STOC, CTOS))


def every_bit_counts(mechanism: HlsMechanism, client: SecurityContext, server: SecurityContext) -> None:
    answer = mechanism.answer(client, CTOS, STOC)
    for bit in range(8 * len(answer)):
        changed = (int.from_bytes(answer) ^ 1 << bit).to_bytes(len(answer))
        refused(mechanism, SecurityReason.AUTHENTICATION_FAILED, server, STOC, CTOS, changed)
    for wrong in (b"", answer[:-1], answer + b"\x00", bytes(len(answer))):
        refused(mechanism, SecurityReason.AUTHENTICATION_FAILED, server, STOC, CTOS, wrong)
    mechanism.verify(server, STOC, CTOS, answer)


def another_challenge(mechanism: HlsMechanism, client: SecurityContext, server: SecurityContext) -> None:
    answer = mechanism.answer(client, CTOS, STOC)
    refused(mechanism, SecurityReason.AUTHENTICATION_FAILED, server, secrets.token_bytes(32), CTOS, answer)


def challenges_are_checked_first(mechanism: HlsMechanism, client: SecurityContext, server: SecurityContext) -> None:
    """R-031 and R-036: reflected, too short, too long, one octet repeated; on the way out and on the way in."""
    answer = mechanism.answer(client, CTOS, STOC)
    short, long = secrets.token_bytes(mechanism.shortest_challenge - 1), secrets.token_bytes(mechanism.longest_challenge + 1)
    for own, peer, reason in (
        (CTOS, CTOS, SecurityReason.CHALLENGE_REFLECTED),
        (CTOS, short, SecurityReason.CHALLENGE_INVALID),
        (short, STOC, SecurityReason.CHALLENGE_INVALID),
        (CTOS, long, SecurityReason.CHALLENGE_INVALID),
        (CTOS, bytes(32), SecurityReason.CHALLENGE_INVALID),
    ):
        with pytest.raises(SecurityError) as caught:
            mechanism.answer(client, own, peer)
        assert caught.value.reason is reason
        refused(mechanism, reason, server, own, peer, answer)


def no_traceback_shows(mechanism: HlsMechanism, client: SecurityContext, server: SecurityContext, secret: bytes) -> None:
    """R-112, with all local variables of the library."""
    answer = mechanism.answer(client, CTOS, STOC)
    for act in (
        lambda: mechanism.verify(server, STOC, CTOS, answer[:-1] + bytes((answer[-1] ^ 1,))),
        lambda: mechanism.answer(client, CTOS, CTOS),
    ):
        text = whole_traceback(act)
        assert repr(secret)[2:-1] not in text
        assert secret.hex() not in text.lower()
