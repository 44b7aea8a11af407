"""Protecting an APDU and taking the protection off again: glo-, ded-, general-glo- and general-ded-ciphering.

Follows the receiver pipeline of the Green Book (9.2.7.2.4) in its order: bounds, form, system title, security control,
counter, tag. The outer tag of a service-specific form is not authenticated, so the verified text must begin with the one that
belongs to it; only then the window moves: whatever is refused has no effect. Compression, general-ciphering and signatures
are refused, not ignored.

**Encryption without authentication** has no tag, so nothing about it can be believed, its counter included. It is taken
only where the rules say so. Then its counter is compared with the window but never moves it: a forged FFFFFFFF must not
lock out the honest sender. A repetition of such an APDU is therefore not noticed; who can repeat it could as well write it.
"""

from __future__ import annotations

import msgspec

from dlmskit.codec.reader import write_length
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.channels import Incoming
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import HEADER_OCTETS, Protection, SecurityControl, SecurityHeader
from dlmskit.security.envelope import PLAIN_TAG, Form, locate_header
from dlmskit.security.keys import KeyRole
from dlmskit.types.system_title import SystemTitle

_PROOF = object()


class Verified(msgspec.Struct, frozen=True, gc=False):
    """A received APDU that passed every check of its protection. Only `unprotect` makes one: services accept nothing else."""

    plain: bytes
    """The octets that were protected, their own tag included."""
    invocation_counter: int
    gap: int
    """Counters left out since the last APDU of this sender; for the log."""
    channel: Incoming
    proof: object

    def __post_init__(self) -> None:
        if self.proof is not _PROOF:
            raise TypeError("only unprotect makes a Verified")

    @property
    def form(self) -> Form:
        """How it was wrapped."""
        return self.channel.form

    @property
    def header(self) -> SecurityHeader:
        """The security header it carried."""
        return SecurityHeader(self.channel.control, self.invocation_counter)

    @property
    def key_role(self) -> KeyRole:
        """The encryption key it was protected with."""
        return self.channel.key_role

    @property
    def protection(self) -> Protection:
        """What was found; without AUTHENTICATED in it the rules tolerated encryption alone, and nothing proves the content."""
        return self.channel.control.protection

    @property
    def system_title(self) -> SystemTitle:
        """Of the sender."""
        return self.channel.system_title

    def __repr__(self) -> str:
        return f"Verified({len(self.plain)} octets, {self.channel}, invocation counter {self.invocation_counter})"


def protect(plain: bytes, context: SecurityContext, form: Form = Form.GLO, control: SecurityControl | None = None) -> bytes:
    """Protect one whole APDU and return the protected one, tag and length included. Uses up one invocation counter.

    ``control`` is by default what the rules of the context ask for. Raises `SecurityError`: protection-too-weak,
    suite-mismatch, security-control-invalid, missing-key, counter-exhausted; `EncodeError` where the form has no tag for it.
    """
    if control is None:
        control = context.control
    channel = context.outgoing_channels.get(form << 8 | control) or context.outgoing(form, control)
    try:
        head = channel.heads[plain[0]]
    except (KeyError, IndexError):
        head = channel.learn_head(plain)
    counter = channel.take().to_bytes(4, "big")
    payload = channel.protect(counter, plain)
    size = HEADER_OCTETS + len(payload)
    length = _LENGTHS[size] if size < _LENGTHS_KEPT else write_length(size)
    return b"".join((head, length, channel.control_octet, counter, payload))


def unprotect(octets: bytes, context: SecurityContext) -> Verified:
    """Check one whole protected APDU against the context and return what was inside.

    Whatever is refused changes nothing; what is returned has used up its counter, durably.
    Raises `DecodeError` for octets that are not exactly one protected APDU; `SecurityError` with the reason otherwise, which
    is for the local log alone (a repeated counter excepted, for which the standard has an answer).
    """
    at = locate_header(octets, context.limits)
    tag = octets[0]
    if tag not in PLAIN_TAG and octets[1:10] != context.peer_field:
        _refuse_title(octets, context)
    channel = context.incoming_channels.get(tag << 8 | octets[at]) or context.incoming(tag, octets[at])
    behind = at + HEADER_OCTETS
    invocation_field = octets[at + 1 : behind]
    counter = _from_octets(invocation_field)
    if counter < channel.window.lowest_acceptable:
        channel.window.check(counter)
    plain = channel.unprotect(invocation_field, octets[behind:])
    if plain is None:
        raise SecurityError(SecurityReason.DECIPHERING_FAILED, "the authentication tag is not the right one")
    if not plain or (plain[0] != channel.inner_tag and channel.inner_tag is not None):
        del plain
        raise SecurityError(SecurityReason.INNER_TAG_MISMATCH, f"another APDU is inside than tag {tag:02X} announces")
    return Verified(plain, counter, channel.accept(counter), channel, _PROOF)


def admit_plain(octets: bytes, context: SecurityContext) -> None:
    """Refuse an APDU that came without protection where the rules demand one. Raises `SecurityError` (protection-too-weak).

    Answers that a peer must give in clear, because nothing could be deciphered, are for the association to let through.
    """
    if context.rules.incoming:
        raise SecurityError(
            SecurityReason.PROTECTION_TOO_WEAK, f"an APDU without protection came: tag {octets[:1].hex().upper()}"
        )


def _refuse_title(octets: bytes, context: SecurityContext) -> None:
    """Raise for a title that is not the peer's, unless it was left out and the rules allow that."""
    if not octets[1]:
        if context.rules.accept_empty_title:
            return
        raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the APDU leaves out its system title")
    expected, title = context.known_peer_title(), SystemTitle(octets[2:10])
    found = "our own" if title == context.own_title else f"{title}, expected {expected}"
    raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"the system title in the APDU is {found}")


_from_octets = int.from_bytes
_LENGTHS_KEPT = 2048
_LENGTHS = tuple(write_length(size) for size in range(_LENGTHS_KEPT))
