"""xDLMS context: InitiateRequest and InitiateResponse (Green Book, ASN.1). They travel in the user-information of ACSE."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.registry import apdu
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import ConformanceBlock, DefaultTrue, Flagged, Integer8, Integer16, Name, Octets, Unsigned8, Unsigned16
from dlmskit.types.enums import Conformance

VERSION = 6
"""The DLMS version of today; the only one."""
VAA_NAME_LN = 0x0007
"""vaa-name with logical name referencing."""
VAA_NAME_SN = 0xFA00 - 0x10000
"""vaa-name with short name referencing: FA00 as the signed number that it is on the wire."""


@apdu(0x01, service="initiateRequest", simple="InitiateRequest")
class InitiateRequest(Apdu, frozen=True, gc=False):
    """What the client proposes. The dedicated key makes this a secret: it is legal only under encryption."""

    dedicated_key: Annotated[bytes | None, Flagged(Annotated[bytes, Octets(most=32, secret=True)])] = None
    response_allowed: Annotated[bool, DefaultTrue()] = True
    proposed_quality_of_service: Annotated[int | None, Flagged(Integer8)] = None
    proposed_dlms_version_number: Unsigned8 = VERSION
    proposed_conformance: Annotated[int, ConformanceBlock(Conformance)] = 0
    client_max_receive_pdu_size: Annotated[Unsigned16, Name("ProposedMaxPduSize")] = 0


@apdu(0x08, service="initiateResponse", simple="InitiateResponse")
class InitiateResponse(Apdu, frozen=True, gc=False):
    """What the server grants."""

    negotiated_quality_of_service: Annotated[int | None, Flagged(Integer8)] = None
    negotiated_dlms_version_number: Unsigned8 = VERSION
    negotiated_conformance: Annotated[int, ConformanceBlock(Conformance)] = 0
    server_max_receive_pdu_size: Annotated[Unsigned16, Name("NegotiatedMaxPduSize")] = 0
    vaa_name: Integer16 = VAA_NAME_LN
