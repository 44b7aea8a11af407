"""Negotiation of the xDLMS context: what a client proposes and what a server grants (application layer, 4.1 to 4.3)."""

from __future__ import annotations

from dlmskit.apdu import VAA_NAME_LN, VAA_NAME_SN, InitiateRequest, InitiateResponse
from dlmskit.apdu.initiate import VERSION
from dlmskit.association.settings import AssociationSettings
from dlmskit.types.conformance import Conformance

_SERVICES = int(Conformance.GET | Conformance.SET | Conformance.ACTION | Conformance.ACCESS)
_SHORT_NAME_SERVICES = int(Conformance.READ | Conformance.WRITE | Conformance.UNCONFIRMED_WRITE)


def proposal(settings: AssociationSettings, dedicated_key: bytes | None = None) -> InitiateRequest:
    """What a client with these settings asks for. Bits that the library cannot serve are not proposed."""
    return InitiateRequest(
        dedicated_key=dedicated_key,
        proposed_conformance=settings.proposed_conformance,
        client_max_receive_pdu_size=settings.max_pdu_size,
    )


def usable(settings: AssociationSettings, conformance: int) -> bool:
    """Whether anything at all can be done with these bits."""
    return bool(conformance & (_SHORT_NAME_SERVICES if settings.short_names else _SERVICES))


def vaa_name(settings: AssociationSettings) -> int:
    """What an InitiateResponse of these settings names: 0007, or with short names FA00, the association object."""
    return VAA_NAME_SN if settings.short_names else VAA_NAME_LN


def grant(settings: AssociationSettings, proposed: int) -> int:
    """The bits that a server with these settings grants: none that was not proposed, none of the other way of referencing."""
    return proposed & settings.grantable_conformance


def response(settings: AssociationSettings, request: InitiateRequest) -> InitiateResponse:
    """The server's answer to a proposal that it takes. A proposed quality of service is echoed."""
    return InitiateResponse(
        negotiated_quality_of_service=request.proposed_quality_of_service,
        negotiated_dlms_version_number=VERSION,
        negotiated_conformance=grant(settings, request.proposed_conformance),
        server_max_receive_pdu_size=settings.max_pdu_size,
        vaa_name=vaa_name(settings),
    )
