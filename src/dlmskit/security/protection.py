"""Protecting an APDU and taking the protection off again.

Follows the receiver pipeline of the Green Book (9.2.7.2.4) in its order: bounds, form, system title, security control,
counter, tag. The outer tag of a service-specific form is not authenticated, so the verified text must begin with the one that
belongs to it; only then the window moves: whatever is refused has no effect. Here is the short way of the usual message, one
layer of glo-, ded-, general-glo- or general-ded-ciphering; everything else goes through `layered`.

**Encryption without authentication** has no tag, so nothing about it can be believed, its counter included. It is taken
only where the rules say so. Then its counter is compared with the window but never moves it: a forged FFFFFFFF must not
lock out the honest sender. A repetition of such an APDU is therefore not noticed; who can repeat it could as well write it.

**Compression** (suites 1 and 2) is applied where bit 7 of the security control octet asks for it and it makes the APDU
shorter; it is always taken off, and never gives more than the largest APDU. Its length tells something about the content: do
not compress what others can choose together with what they must not know.
"""

from __future__ import annotations

from dlmskit.codec.reader import write_length
from dlmskit.errors import DecodeError, SecurityError, SecurityReason
from dlmskit.security.ciphering import refuse_title, seal
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import HEADER_OCTETS, SecurityControl
from dlmskit.security.envelope import GENERAL_CIPHERING, PLAIN_TAG, PROTECTED_TAGS, Form, locate_header
from dlmskit.security.layered import protect_layers, unprotect_layers
from dlmskit.security.verified import SEAL, Verified

__all__ = ["Verified", "admit_plain", "protect", "protect_layers", "unprotect"]


def protect(plain: bytes, context: SecurityContext, form: Form = Form.GLO, control: SecurityControl | None = None) -> bytes:
    """Protect one whole APDU and return the protected one, tag and length included. Uses up one invocation counter.

    ``control`` is by default what the rules of the context ask for. Raises `SecurityError`: protection-too-weak,
    suite-mismatch, security-control-invalid, missing-key, counter-exhausted; `EncodeError` where the form has no tag for it.
    """
    if control is None:
        control = context.control
    channel = context.outgoing_channels.get(form << 8 | control)
    if channel is None:
        channel = context.outgoing(form, control)
        if control.compressed:
            return seal(plain, channel, context)
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
    """Check one whole protected APDU against the context and return what was inside, all layers of protection off.

    Whatever is refused changes nothing; what is returned has used up its counters, durably.
    Raises `DecodeError` for octets that are not exactly one protected APDU; `SecurityError` with the reason otherwise, which
    is for the local log alone (a repeated counter excepted, for which the standard has an answer).
    """
    if not octets:
        raise DecodeError("not a protected APDU: nothing", 0, "apdu")
    tag = octets[0]
    general = tag not in PLAIN_TAG
    if general and tag >= GENERAL_CIPHERING and tag in PROTECTED_TAGS:
        return unprotect_layers(octets, context)
    at = locate_header(octets, context.limits)
    if general and octets[1:10] != context.peer_field:
        refuse_title(octets, context)
    channel = context.incoming_channels.get(tag << 8 | octets[at])
    if channel is None:
        if general and not context.is_enough(octets[at]):
            return unprotect_layers(octets, context)  # more layers may be inside
        channel = context.incoming(tag, octets[at])
    behind = at + HEADER_OCTETS
    invocation_field = octets[at + 1 : behind]
    counter = _from_octets(invocation_field)
    if counter < channel.window.lowest_acceptable:
        channel.window.check(counter)
    plain = channel.unprotect(invocation_field, octets[behind:])
    if plain is None:
        raise SecurityError(SecurityReason.DECIPHERING_FAILED, "the authentication tag is not the right one")
    if not plain or plain[0] != channel.inner_tag:
        if channel.inner_tag is not None or not plain:
            del plain
            raise SecurityError(SecurityReason.INNER_TAG_MISMATCH, f"another APDU is inside than tag {tag:02X} announces")
        if plain[0] in PROTECTED_TAGS:
            del plain
            return unprotect_layers(octets, context)
    return Verified(plain, counter, channel.accept(counter), channel, SEAL)


def admit_plain(octets: bytes, context: SecurityContext) -> None:
    """Refuse an APDU that came without protection where the rules demand one. Raises `SecurityError` (protection-too-weak).

    Answers that a peer must give in clear, because nothing could be deciphered, are for the association to let through.
    """
    if context.rules.incoming:
        raise SecurityError(
            SecurityReason.PROTECTION_TOO_WEAK, f"an APDU without protection came: tag {octets[:1].hex().upper()}"
        )


_from_octets = int.from_bytes
_LENGTHS_KEPT = 2048
_LENGTHS = tuple(write_length(size) for size in range(_LENGTHS_KEPT))
