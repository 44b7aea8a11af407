"""Association and release: AARQ, AARE, RLRQ, RLRE (Green Book, ASN.1 of ACSE; BER). Declarations only."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.registry import apdu
from dlmskit.codec.ber import AuthenticationValue, BerApdu, Context, Diagnostic, Form
from dlmskit.codec.wire import Name
from dlmskit.types.enums import (
    ApplicationContext,
    AssociationResult,
    Mechanism,
    ReleaseRequestReason,
    ReleaseResponseReason,
)

ARCS = bytes.fromhex("6085740508")
"""The object identifier 2.16.756.5.8 (DLMS UA)."""
AUTHENTICATION = bytes.fromhex("0780")
"""acse-requirements with its only bit, the authentication functional unit."""
VERSION_1 = bytes.fromhex("0780")
"""protocol-version with its only bit, version 1."""

ApplicationContextName = Annotated[bytes, Context(0xA1, Form.IDENTIFIER, ApplicationContext, prefix=ARCS + b"\1")]
UserInformation = Annotated[bytes | None, Context(0xBE, Form.APDU), Name("")]
"""The simple XML style shows the APDU inside in place of the octets."""


def application_context_name(number: int) -> bytes:
    """The object identifier of an application context: 1 LN, 2 SN, 3 LN with ciphering, 4 SN with ciphering."""
    return ARCS + bytes((1, number))


def mechanism_name(number: int) -> bytes:
    """The object identifier of an authentication mechanism, 0 to 7."""
    return ARCS + bytes((2, number))


def last_arc(identifier: bytes, family: int) -> int | None:
    """The number behind 2.16.756.5.8.``family``, or None where the object identifier is another one."""
    if len(identifier) == 7 and identifier[:6] == ARCS + bytes((family,)):
        return identifier[6]
    return None


@apdu(0x60, service="aarq", simple="AssociationRequest")
class Aarq(BerApdu, frozen=True, gc=False, kw_only=True):
    """A client asks for an association."""

    protocol_version: Annotated[bytes | None, Context(0x80, Form.IMPLICIT_BITS)] = None
    application_context_name: ApplicationContextName
    called_ap_title: Annotated[bytes | None, Context(0xA2, Form.OCTETS), Name("CalledAPTitle", "called-AP-title")] = None
    called_ae_qualifier: Annotated[bytes | None, Context(0xA3, Form.OCTETS), Name("CalledAEQualifier", "called-AE-qualifier")] = (
        None
    )
    called_ap_invocation_id: Annotated[
        int | None, Context(0xA4, Form.INTEGER), Name("CalledAPInvocationId", "called-AP-invocation-id")
    ] = None
    called_ae_invocation_id: Annotated[
        int | None, Context(0xA5, Form.INTEGER), Name("CalledAEInvocationId", "called-AE-invocation-id")
    ] = None
    calling_ap_title: Annotated[bytes | None, Context(0xA6, Form.OCTETS), Name("CallingAPTitle", "calling-AP-title")] = None
    calling_ae_qualifier: Annotated[
        bytes | None, Context(0xA7, Form.OCTETS), Name("CallingAEQualifier", "calling-AE-qualifier")
    ] = None
    calling_ap_invocation_id: Annotated[
        int | None, Context(0xA8, Form.INTEGER), Name("CallingAPInvocationId", "calling-AP-invocation-id")
    ] = None
    calling_ae_invocation_id: Annotated[
        int | None, Context(0xA9, Form.INTEGER), Name("CallingAEInvocationId", "calling-AE-invocation-id")
    ] = None
    sender_acse_requirements: Annotated[bytes | None, Context(0x8A, Form.IMPLICIT_BITS), Name("SenderACSERequirements")] = None
    mechanism_name: Annotated[bytes | None, Context(0x8B, Form.IMPLICIT_IDENTIFIER, Mechanism, prefix=ARCS + b"\2")] = None
    calling_authentication_value: Annotated[
        AuthenticationValue | None, Context(0xAC, Form.AUTHENTICATION_VALUE), Name("CallingAuthentication")
    ] = None
    implementation_information: Annotated[bytes | None, Context(0xBD, Form.OCTETS)] = None
    user_information: UserInformation = None


@apdu(0x61, service="aare", simple="AssociationResponse")
class Aare(BerApdu, frozen=True, gc=False, kw_only=True):
    """What the server says to it."""

    protocol_version: Annotated[bytes | None, Context(0x80, Form.IMPLICIT_BITS)] = None
    application_context_name: ApplicationContextName
    result: Annotated[int, Context(0xA2, Form.INTEGER, AssociationResult), Name("AssociationResult", number=True)]
    result_source_diagnostic: Annotated[Diagnostic, Context(0xA3, Form.DIAGNOSTIC)]
    responding_ap_title: Annotated[bytes | None, Context(0xA4, Form.OCTETS), Name("RespondingAPTitle", "responding-AP-title")] = (
        None
    )
    responding_ae_qualifier: Annotated[
        bytes | None, Context(0xA5, Form.OCTETS), Name("RespondingAEQualifier", "responding-AE-qualifier")
    ] = None
    responding_ap_invocation_id: Annotated[
        int | None, Context(0xA6, Form.INTEGER), Name("RespondingAPInvocationId", "responding-AP-invocation-id")
    ] = None
    responding_ae_invocation_id: Annotated[
        int | None, Context(0xA7, Form.INTEGER), Name("RespondingAEInvocationId", "responding-AE-invocation-id")
    ] = None
    responder_acse_requirements: Annotated[bytes | None, Context(0x88, Form.IMPLICIT_BITS), Name("ResponderACSERequirement")] = (
        None
    )
    mechanism_name: Annotated[bytes | None, Context(0x89, Form.IMPLICIT_IDENTIFIER, Mechanism, prefix=ARCS + b"\2")] = None
    responding_authentication_value: Annotated[
        AuthenticationValue | None, Context(0xAA, Form.AUTHENTICATION_VALUE), Name("RespondingAuthentication")
    ] = None
    implementation_information: Annotated[bytes | None, Context(0xBD, Form.OCTETS)] = None
    user_information: UserInformation = None


@apdu(0x62, service="rlrq", simple="ReleaseRequest")
class Rlrq(BerApdu, frozen=True, gc=False, kw_only=True):
    """A client releases the association."""

    reason: Annotated[int | None, Context(0x80, Form.IMPLICIT_INTEGER, ReleaseRequestReason)] = None
    user_information: UserInformation = None


@apdu(0x63, service="rlre", simple="ReleaseResponse")
class Rlre(BerApdu, frozen=True, gc=False, kw_only=True):
    """The server agrees."""

    reason: Annotated[int | None, Context(0x80, Form.IMPLICIT_INTEGER, ReleaseResponseReason)] = None
    user_information: UserInformation = None
