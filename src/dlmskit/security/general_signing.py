"""One layer of general-signing: any APDU with a digital signature of its originator (Green Book, 9.2.7.2.4.7).

Signed is what lies on the wire: the five fields of the header with their lengths, then the content (`SigningProfile`: without, or
with its own length). A signature carries no counter; what stands in for one is in `transactions`.
"""

from __future__ import annotations

from dlmskit.apdu.ciphering import GeneralSigning
from dlmskit.codec.reader import write_length
from dlmskit.crypto.ecdsa import verify
from dlmskit.errors import DecodeError
from dlmskit.security.channels import Channel
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection, SecurityControl
from dlmskit.security.conventions import SigningProfile
from dlmskit.security.envelope import Form
from dlmskit.security.general_ciphering import header_to_send, parties_received
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.keys import KeyRole
from dlmskit.security.layers import Layer, Signed
from dlmskit.security.opened import Opened, check_hopeful


def sign(plain: bytes, context: SecurityContext, step: Signed) -> bytes:
    """Apply the layer.

    Raises `SecurityError`: missing-key, public-key-invalid, unsupported (suite 0), system-title-missing and -mismatch.
    """
    signer = context.parties.signing_key()
    _, header = header_to_send(context, step)
    signature = signer.sign(signed_octets(header, plain, context.conventions.signing))
    return GeneralSigning(*header.fields(), plain, signature).encode()


def open_signed(octets: bytes, context: SecurityContext, found: Protection) -> Opened:
    """Verify the layer. ``found``: what the layers around it give.

    Raises `DecodeError`; `SecurityError`: signature-invalid, missing-key, system-title-missing and -mismatch, unsupported.
    """
    apdu = GeneralSigning.decode(octets, limits=context.limits)
    if not apdu.content:
        raise DecodeError("nothing is signed", path="GeneralSigning.content")
    party, header = parties_received(context, apdu)
    check_hopeful(context, found | Protection.SIGNED, apdu.content[0])
    key = context.parties.verification_key_of(party.title)
    verify(key, signed_octets(header, apdu.content, context.conventions.signing), apdu.signature)
    layer = Layer(
        form=Form.GENERAL_SIGNING,
        protection=Protection.SIGNED,
        originator=party.title,
        key_role=KeyRole.SIGNATURE,
        general=header,
    )
    control = SecurityControl.of(context.suite, Protection.NONE)
    channel = Channel(form=layer.form, control=control, key_role=layer.key_role, system_title=party.title)
    return Opened(content=apdu.content, layer=layer, channel=channel)


def signed_octets(header: GeneralHeader, content: bytes, profile: SigningProfile) -> bytes:
    """What the signature is over."""
    length = write_length(len(content)) if profile is SigningProfile.CONTENT_WITH_LENGTH else b""
    return header.encode() + length + content
