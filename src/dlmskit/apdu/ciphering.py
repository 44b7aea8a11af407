"""Protected APDUs as they lie on the wire: glo-, ded- and the general forms (Green Book, ASN.1).

Here the ciphered content is octets; what is inside, and whether it may be believed, is the business of `dlmskit.security`.
"""

from __future__ import annotations

from typing import Annotated, cast

import msgspec

from dlmskit.apdu.registry import apdu, camel
from dlmskit.codec.schema import Apdu, Sequence
from dlmskit.codec.wire import (
    Alternative,
    Choice,
    DateTimeString,
    Flagged,
    Name,
    Octets,
    OctetString,
    SystemTitleOctets,
    Unsigned8,
)


class ServiceSpecificCiphering(Apdu, frozen=True, gc=False):
    """Base of glo-X and ded-X: security control, invocation counter and the protected APDU X."""

    ciphered_content: Annotated[OctetString, Name("", "")]


_SERVICES = (
    (0x01, "initiateRequest", 0x20),
    (0x05, "readRequest", 0x20),
    (0x06, "writeRequest", 0x20),
    (0x08, "initiateResponse", 0x20),
    (0x0C, "readResponse", 0x20),
    (0x0D, "writeResponse", 0x20),
    (0x0E, "confirmedServiceError", 0x20),
    (0x16, "unconfirmedWriteRequest", 0x20),
    (0x18, "informationReportRequest", 0x20),
    (0xC0, "get-request", 0x08),
    (0xC1, "set-request", 0x08),
    (0xC2, "event-notification-request", 0x08),
    (0xC3, "action-request", 0x08),
    (0xC4, "get-response", 0x08),
    (0xC5, "set-response", 0x08),
    (0xC7, "action-response", 0x08),
)
"""Plain tag, name of the service, step from plain to glo (the step to ded is twice that)."""

GLOBAL_TAGS: dict[int, int] = {plain: plain + step for plain, _, step in _SERVICES}
"""Tag of the glo- form by the tag of the plain APDU."""
DEDICATED_TAGS: dict[int, int] = {plain: plain + 2 * step for plain, _, step in _SERVICES}
"""Tag of the ded- form by the tag of the plain APDU."""


def _declare(prefix: str, tags: dict[int, int]) -> dict[int, type[ServiceSpecificCiphering]]:
    declared = {}
    for plain, service, _ in _SERVICES:
        name = camel(f"{prefix}-{service}")
        made = msgspec.defstruct(name, [], bases=(ServiceSpecificCiphering,), frozen=True, gc=False, module=__name__)
        one = cast("type[ServiceSpecificCiphering]", made)
        one.__doc__ = f"A protected {service} under the {'global' if prefix == 'glo' else 'dedicated'} key."
        register = apdu(tags[plain], service=f"{prefix}-{service}", simple=f"{prefix}_{camel(service)}")
        declared[tags[plain]] = register(one)
    return declared


SERVICE_SPECIFIC: dict[int, type[ServiceSpecificCiphering]] = {
    **_declare("glo", GLOBAL_TAGS),
    **_declare("ded", DEDICATED_TAGS),
}
"""Every glo- and ded- APDU by its tag."""


@apdu(0xDB)
class GeneralGloCiphering(Apdu, frozen=True, gc=False):
    """Any APDU under the global key, with the system title of its sender."""

    system_title: SystemTitleOctets
    ciphered_content: Annotated[OctetString, Name("CipheredService")]


@apdu(0xDC)
class GeneralDedCiphering(Apdu, frozen=True, gc=False):
    """Any APDU under the dedicated key, with the system title of its sender."""

    system_title: SystemTitleOctets
    ciphered_content: Annotated[OctetString, Name("CipheredService")]


class IdentifiedKey(Sequence, frozen=True, gc=False):
    """The global unicast (0) or broadcast (1) encryption key."""

    key_id: Unsigned8


class WrappedKey(Sequence, frozen=True, gc=False):
    """A fresh key, wrapped with the key-encrypting key (0: master key)."""

    kek_id: Unsigned8
    key_ciphered_data: OctetString


class AgreedKey(Sequence, frozen=True, gc=False):
    """A fresh key, agreed with the public keys of both parties."""

    key_parameters: OctetString
    key_ciphered_data: OctetString


KeyInfo = Annotated[
    IdentifiedKey | WrappedKey | AgreedKey,
    Choice(
        (
            Alternative(0, "identified-key", IdentifiedKey),
            Alternative(1, "wrapped-key", WrappedKey),
            Alternative(2, "agreed-key", AgreedKey),
        )
    ),
]

HeaderOctets = Annotated[bytes, Octets(most=256)]


@apdu(0xDD)
class GeneralCiphering(Apdu, frozen=True, gc=False):
    """Any APDU between any two parties; it names them and the key."""

    transaction_id: HeaderOctets
    originator_system_title: SystemTitleOctets
    recipient_system_title: SystemTitleOctets
    date_time: DateTimeString
    other_information: HeaderOctets
    key_info: Annotated[IdentifiedKey | WrappedKey | AgreedKey | None, Flagged(KeyInfo)]
    ciphered_content: OctetString


@apdu(0xDF)
class GeneralSigning(Apdu, frozen=True, gc=False):
    """Any APDU with the digital signature of its originator."""

    transaction_id: HeaderOctets
    originator_system_title: SystemTitleOctets
    recipient_system_title: SystemTitleOctets
    date_time: DateTimeString
    other_information: HeaderOctets
    content: OctetString
    signature: OctetString
