"""One layer of glo-, ded-, general-glo- or general-ded-ciphering among others (Green Book, 9.2.7.2.4.5).

A message with this one layer alone, the usual one, goes the short way in `protection`; both make and take the same octets.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from dlmskit.codec.reader import write_length
from dlmskit.crypto.v44 import compress_for_sending
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.channels import Outgoing
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import HEADER_OCTETS, Protection, SecurityControl, SecurityHeader
from dlmskit.security.envelope import PLAIN_TAG, locate_header
from dlmskit.security.layers import Ciphered, Layer
from dlmskit.security.opened import Opened, check_hopeful
from dlmskit.types.system_title import SystemTitle


def control_of(context: SecurityContext, step: Ciphered) -> SecurityControl:
    """The security control octet that a step asks for."""
    return SecurityControl.of(context.suite, step.protection, broadcast=step.broadcast, compressed=step.compress)


def cipher(plain: bytes, context: SecurityContext, step: Ciphered) -> bytes:
    """Apply the layer. Raises as `protection.protect`, but for protection-too-weak."""
    return seal(plain, context.outgoing_layer(step.form, control_of(context, step)), context)


def seal(plain: bytes, channel: Outgoing, context: SecurityContext) -> bytes:
    """Protect under a channel, compressed where its control octet asks for it and it is worth it. Uses up one counter."""
    text = plain
    if channel.control.compressed:
        compressed = compress_for_sending(plain, context.conventions.compressing)
        if compressed is None:
            channel = context.outgoing_layer(channel.form, channel.control.without_compression)
        else:
            text = compressed
    head = channel.heads.get(plain[0]) if plain else None
    head = head or channel.learn_head(plain)
    counter = channel.take().to_bytes(4, "big")
    payload = channel.protect(counter, text)
    return b"".join((head, write_length(HEADER_OCTETS + len(payload)), channel.control_octet, counter, payload))


def open_ciphered(octets: bytes, context: SecurityContext, found: Protection, vouched: AbstractSet[SystemTitle]) -> Opened:
    """Verify the layer. ``found``: what the layers around it give; ``vouched``: who authenticated it by one of them.

    Moves nothing. Raises as `protection.unprotect`.
    """
    at = locate_header(octets, context.limits)
    tag = octets[0]
    if tag not in PLAIN_TAG and octets[1:10] != context.peer_field:
        refuse_title(octets, context)
    covered = context.peer_title in vouched
    channel = context.incoming_layer(tag, octets[at], covered=covered)
    control, behind = channel.control, at + HEADER_OCTETS
    hidden = control.encrypted or control.compressed or len(octets) == behind
    inside = channel.inner_tag if channel.inner_tag is not None else None if hidden else octets[behind]
    check_hopeful(context, found | control.protection, inside)
    header = SecurityHeader.decode(octets, at)
    channel.window.check(header.invocation_counter)
    content = channel.unprotect(octets[at + 1 : behind], octets[behind:])
    if content is None:
        raise SecurityError(SecurityReason.DECIPHERING_FAILED, "the authentication tag is not the right one")
    if not content or (channel.inner_tag is not None and content[0] != channel.inner_tag):
        del content
        raise SecurityError(SecurityReason.INNER_TAG_MISMATCH, f"another APDU is inside than tag {tag:02X} announces")
    layer = Layer(
        form=channel.form,
        protection=control.protection,
        originator=channel.system_title,
        key_role=channel.key_role,
        header=header,
    )
    return Opened(
        content=content, layer=layer, channel=channel, window=channel.window if control.authenticated or covered else None
    )


def refuse_title(octets: bytes, context: SecurityContext) -> None:
    """Raise for a title that is not the peer's, unless it was left out and the rules allow that."""
    if not octets[1]:
        if context.rules.accept_empty_title:
            return
        raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the APDU leaves out its system title")
    expected, title = context.known_peer_title(), SystemTitle(octets[2:10])
    found = "our own" if title == context.own_title else f"{title}, expected {expected}"
    raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"the system title in the APDU is {found}")
