"""One layer of general-ciphering: any APDU, between any two parties, under a key that it names (Green Book, 9.2.7.2.4.6).

The header of five fields is authenticated with the content (`AadProfile`), key-info is not: another key does not verify. Whoever
is named as originator must be the peer of the association or one of its third parties, and the recipient ourselves.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from dlmskit.apdu.ciphering import GeneralCiphering, GeneralSigning
from dlmskit.crypto.gcm import Mode
from dlmskit.crypto.v44 import compress_for_sending, decompress
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.channels import Channel
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import HEADER_OCTETS, Protection, SecurityControl, SecurityHeader
from dlmskit.security.conventions import AadProfile
from dlmskit.security.envelope import Form
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.key_info import key_received, key_to_send
from dlmskit.security.keys import Key
from dlmskit.security.layers import GeneralCiphered, GeneralStep, KeyChoice, Layer
from dlmskit.security.opened import Opened, check_hopeful
from dlmskit.security.parties import KnownParty
from dlmskit.types.system_title import SystemTitle


def cipher_generally(plain: bytes, context: SecurityContext, step: GeneralCiphered) -> bytes:
    """Apply the layer. Uses up one counter, and establishes the key where it is a fresh one.

    Raises `SecurityError`: what `key_to_send` raises, security-control-invalid, counter-exhausted, system-title-mismatch.
    """
    control = SecurityControl.of(context.suite, step.protection, compressed=step.compress)
    control.check(context.suite)
    party, header = header_to_send(context, step)
    if control.compressed:
        compressed = compress_for_sending(plain, context.conventions.compressing)
        control, plain = (control.without_compression, plain) if compressed is None else (control, compressed)
    sending, key_info = key_to_send(context, step.key, party, header)
    mode = _mode(context, control, sending.key, context.own_title, party, header)
    security_header = SecurityHeader(control, sending.counter.take()).encode()
    content = security_header + mode.protect(security_header[1:], plain)
    octets = GeneralCiphering(*header.fields(), key_info, content).encode()
    if step.key.fresh:
        context.fresh_keys.sending[party.title] = sending
    return octets


def open_generally_ciphered(
    octets: bytes, context: SecurityContext, found: Protection, vouched: AbstractSet[SystemTitle]
) -> Opened:
    """Verify the layer. ``found``: what the layers around it give; ``vouched``: who authenticated it by one of them.

    Moves nothing. Raises as `protection.unprotect`, and what `key_received` raises.
    """
    apdu = GeneralCiphering.decode(octets, limits=context.limits)
    security_header = SecurityHeader.decode(apdu.ciphered_content)
    control, protected = security_header.control, apdu.ciphered_content[HEADER_OCTETS:]
    party, header = parties_received(context, apdu)
    control.check(context.suite)
    if control.broadcast:
        raise SecurityError(SecurityReason.SECURITY_CONTROL_INVALID, "general-ciphering names its key in key-info")
    covered = party.title in vouched
    context.check_tolerated(control, covered=covered)
    hidden = control.encrypted or control.compressed or not protected
    check_hopeful(context, found | control.protection, None if hidden else protected[0])
    receiving = key_received(context, apdu.key_info, party, header)
    receiving.window.check(security_header.invocation_counter)
    mode = _mode(context, control, receiving.key, party.title, party, header)
    content = mode.unprotect(apdu.ciphered_content[1:HEADER_OCTETS], protected)
    if content is None:
        raise SecurityError(SecurityReason.DECIPHERING_FAILED, "the authentication tag is not the right one")
    if control.compressed:
        content = decompress(content, context.limits.apdu_octets, context.conventions.decompressing)
    if not content:
        raise SecurityError(SecurityReason.INNER_TAG_MISMATCH, "nothing is inside")
    authenticated = control.authenticated or covered
    layer = Layer(
        form=Form.GENERAL_CIPHERING,
        protection=control.protection,
        originator=party.title,
        key_role=receiving.role,
        header=security_header,
        key=KeyChoice.ESTABLISHED if apdu.key_info is None else receiving.choice,
        general=header,
    )
    return Opened(
        content=content,
        layer=layer,
        channel=Channel(form=layer.form, control=control, key_role=layer.key_role, system_title=party.title),
        window=receiving.window if authenticated else None,
        key=receiving if authenticated and layer.key is not None and layer.key.fresh else None,
    )


def header_to_send(context: SecurityContext, step: GeneralStep) -> tuple[KnownParty, GeneralHeader]:
    """Of a step: the recipient, and the header. Raises `SecurityError`: system-title-missing, system-title-mismatch."""
    if step.recipient is None and context.peer_title is None and not step.name_recipient:
        party = context.parties.everybody()
    else:
        party = context.parties.of(step.recipient or context.known_peer_title())
    header = GeneralHeader(
        transaction_id=context.transactions.next() if step.transaction_id is None else step.transaction_id,
        originator=context.own_title,
        recipient=party.title if step.name_recipient else None,
        date_time=b"" if step.date_time is None else step.date_time.octets,
        other_information=step.other_information,
    )
    context.transactions.sent(party.title, header.transaction_id)
    return party, header


def parties_received(context: SecurityContext, apdu: GeneralCiphering | GeneralSigning) -> tuple[KnownParty, GeneralHeader]:
    """The originator and the header of what was received, which must be for us.

    Raises `SecurityError`: system-title-missing, system-title-mismatch.
    """
    header = GeneralHeader.of(apdu)
    if header.recipient is None and not context.rules.accept_empty_title:
        raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the APDU does not name its recipient")
    if header.recipient not in (None, context.own_title):
        raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"the APDU is for {header.recipient}")
    originator = header.originator
    if originator is None:
        raise SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the APDU does not name its originator")
    return context.parties.of(originator), header


def _mode(
    context: SecurityContext,
    control: SecurityControl,
    key: Key,
    originator: SystemTitle,
    party: KnownParty,
    header: GeneralHeader,
) -> Mode:
    """``party``: the other one, with whom the authentication key is shared; ``originator``: the one that protects."""
    gcm = key.gcm
    if not control.authenticated:
        return gcm.encryption(originator.octets)
    prefix = bytes((control,)) + _authentication_key(context, party)
    if context.conventions.aad is AadProfile.STANDARD:
        prefix += header.encode()
    bind = gcm.authenticated_encryption if control.encrypted else gcm.authentication
    return bind(originator.octets, prefix)


def _authentication_key(context: SecurityContext, party: KnownParty) -> bytes:
    if context.rules.without_authentication_key:
        return b""
    if party.keys.gak is None:
        raise SecurityError(SecurityReason.MISSING_KEY, f"there is no gak with {party.title}")
    party.keys.gak.check_length(context.suite)
    return party.keys.gak.reveal()
