"""Mechanism 5, HLS with GMAC (Green Book, 9.2.7.4.5): SC || IC || GMAC over SC || AK || challenge, under the unicast key.

The IV is made of the answering party's own title and counter, so an answer cannot be sent back to its maker. The dedicated
key is never used here, and the counter is the one of the unicast key: it is taken and checked like for any APDU.
"""

from __future__ import annotations

from dlmskit.crypto.gcm import Mode
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import HEADER_OCTETS, Protection, SecurityControl, SecurityHeader
from dlmskit.security.hls.challenge import check_challenges
from dlmskit.security.keys import KeyRole
from dlmskit.types.system_title import SystemTitle


class Gmac:
    """HLS mechanism 5."""

    id = 5
    weak = False
    shortest_challenge = 8
    longest_challenge = 64

    def answer(self, context: SecurityContext, own_challenge: bytes, peer_challenge: bytes) -> bytes:
        """17 octets; uses up one invocation counter. Raises `SecurityError`: missing-key, counter-exhausted."""
        check_challenges(self, own_challenge, peer_challenge)
        control = SecurityControl.of(context.suite, Protection.AUTHENTICATED)
        mode = _gmac(context, control, context.own_title)
        header = SecurityHeader(control, context.counter(KeyRole.GUEK).take()).encode()
        return header + mode.protect(header[1:], peer_challenge)[len(peer_challenge) :]

    def verify(
        self,
        context: SecurityContext,
        own_challenge: bytes,
        peer_challenge: bytes,
        answer: bytes,
        *,
        lowest: int | None = None,
    ) -> None:
        """Check the peer's 17 octets, then move its window. Raises `SecurityError`: authentication-failed, counter-repeated."""
        check_challenges(self, own_challenge, peer_challenge)
        control = SecurityControl.of(context.suite, Protection.AUTHENTICATED)
        mode = _gmac(context, control, context.known_peer_title())
        if len(answer) != HEADER_OCTETS + context.suite.tag_octets:
            raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, f"the answer has {len(answer)} octets, expected are 17")
        header = SecurityHeader.decode(answer)
        if header.control != control:
            raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, f"the answer says {header.control}, expected is {control}")
        window = context.window(KeyRole.GUEK)
        if lowest is None or header.invocation_counter < lowest:
            window.check(header.invocation_counter)
        if mode.unprotect(answer[1:HEADER_OCTETS], own_challenge + answer[HEADER_OCTETS:]) is None:
            raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, "the peer does not have the same keys")
        if header.invocation_counter >= window.lowest_acceptable:
            window.accept(header.invocation_counter)


def _gmac(context: SecurityContext, control: SecurityControl, title: SystemTitle) -> Mode:
    gcm = context.encryption_key(KeyRole.GUEK).gcm
    return gcm.authentication(title.octets, context.authenticated_prefix(control))
