"""What a client checks on an AARE that says "accepted", in order, as data (application layer, "client checks on the AARE").

A server that does not pass is not who it should be, or grants what nobody asked for: the association is not taken.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dlmskit.apdu import Aare, InitiateResponse, last_arc
from dlmskit.apdu.initiate import VERSION
from dlmskit.association.negotiation import usable, vaa_name
from dlmskit.association.settings import SMALLEST_PDU, AssociationSettings
from dlmskit.errors import DlmsError, RemoteProtocolError, SecurityError, SecurityReason
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import Mechanism
from dlmskit.types.system_title import SystemTitle


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What the checks look at."""

    settings: AssociationSettings
    aare: Aare
    initiate: InitiateResponse | None = None
    """None for the checks before the user-information is opened."""


Check = Callable[[Reply], DlmsError | None]


def _application_context(reply: Reply) -> DlmsError | None:
    found = last_arc(reply.aare.application_context_name, 1)
    if found == reply.settings.application_context:
        return None
    return RemoteProtocolError(f"application context {found} came back, {int(reply.settings.application_context)} was proposed")


def _mechanism(reply: Reply) -> DlmsError | None:
    """Equal to the proposed one, and with a challenge where four passes are to come: no downgrade."""
    aare, mechanism = reply.aare, reply.settings.mechanism
    challenged = aare.responding_authentication_value is not None
    if aare.mechanism_name is None:
        unnamed = mechanism < Mechanism.HLS_MANUFACTURER or (challenged and reply.settings.tolerances.missing_mechanism_name)
        if unnamed:
            return None
    elif last_arc(aare.mechanism_name, 2) == mechanism and (challenged or not mechanism.is_high_level):
        return None
    found = "no mechanism" if aare.mechanism_name is None else f"mechanism {last_arc(aare.mechanism_name, 2)}"
    message = f"{found} {'with' if challenged else 'without'} a challenge came back, {mechanism.label} was proposed"
    return SecurityError(SecurityReason.MECHANISM_MISMATCH, message)


def _system_title(reply: Reply) -> DlmsError | None:
    """Of 8 octets, of a manufacturer, not our own, and the one that is expected here."""
    settings, octets = reply.settings, reply.aare.responding_ap_title
    expected = settings.server_system_title
    if octets is None and not settings.needs_titles:
        return None
    if octets is None:
        return SecurityError(SecurityReason.SYSTEM_TITLE_MISSING, "the server names no system title")
    if len(octets) != 8:
        if not settings.needs_titles:
            return None
        return SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"the server's system title has {len(octets)} octets")
    title = SystemTitle(octets)
    if expected is not None and title != expected:
        return SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"unexpected server title {title}, expected is {expected}")
    if settings.needs_titles and title == settings.client_system_title:
        return SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"the server has our own system title {title}")
    if settings.needs_titles and title.manufacturer is None and not settings.tolerances.any_manufacturer:
        return SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"the system title {title} names no manufacturer")
    return None


def _user_information(reply: Reply) -> DlmsError | None:
    if reply.aare.user_information:
        return None
    return RemoteProtocolError("the AARE accepts and has no InitiateResponse")


BEFORE_OPENING: tuple[Check, ...] = (_application_context, _mechanism, _system_title, _user_information)
"""Checks on the AARE itself; nothing of it is deciphered or computed before they have passed."""


def _version(reply: Reply) -> DlmsError | None:
    initiate = reply.initiate
    if initiate is None or initiate.negotiated_dlms_version_number >= VERSION:
        return None
    return RemoteProtocolError(f"DLMS version {initiate.negotiated_dlms_version_number}, {VERSION} is the lowest")


def _unproposed(reply: Reply) -> DlmsError | None:
    initiate = reply.initiate
    proposed = reply.settings.proposed_conformance
    extra = 0 if initiate is None else initiate.negotiated_conformance & ~proposed
    if not extra or reply.settings.tolerances.unproposed_conformance:
        return None
    return RemoteProtocolError(f"granted and never proposed: {', '.join(Conformance(extra).labels)}")


def _missing(reply: Reply) -> DlmsError | None:
    initiate = reply.initiate
    granted = 0 if initiate is None else initiate.negotiated_conformance
    missing = reply.settings.needed_conformance & ~granted
    if missing:
        return RemoteProtocolError(f"required and not granted: {', '.join(Conformance(missing).labels)}")
    if usable(reply.settings, granted):
        return None
    services = "read, write, unconfirmed-write" if reply.settings.short_names else "get, set, action, access"
    return RemoteProtocolError(f"granted is nothing that could be used: none of {services}")


def _pdu_size(reply: Reply) -> DlmsError | None:
    initiate = reply.initiate
    size = 0 if initiate is None else initiate.server_max_receive_pdu_size
    if not size or size >= SMALLEST_PDU:
        return None
    return RemoteProtocolError(f"the server takes APDUs of {size} octets, {SMALLEST_PDU} is the least")


AFTER_OPENING: tuple[Check, ...] = (_version, _unproposed, _missing, _pdu_size)
"""Checks on the InitiateResponse."""


def passes(checks: tuple[Check, ...], reply: Reply) -> None:
    """Raise what the first failing check says: SecurityError or RemoteProtocolError."""
    for check in checks:
        error = check(reply)
        if error is not None:
            raise error


def deviations(initiate: InitiateResponse, settings: AssociationSettings) -> list[str]:
    """What is odd about an InitiateResponse and harmless."""
    found = []
    proposed, named = settings.proposed_conformance, vaa_name(settings)
    extra = initiate.negotiated_conformance & ~proposed
    if extra:
        found.append(f"conformance granted and never proposed, left unused: {', '.join(Conformance(extra).labels)}")
    if initiate.vaa_name != named:
        names = "short" if settings.short_names else "logical"
        found.append(f"vaa-name {initiate.vaa_name & 0xFFFF:04X}, {named & 0xFFFF:04X} belongs to {names} names")
    return found
