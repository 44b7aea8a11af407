"""What a server sends in an open association without being asked, and what confirms it (application layer, 5.8 and 5.9)."""

from __future__ import annotations

from dlmskit.apdu import (
    GLOBAL_TAGS,
    DataNotification,
    DataNotificationConfirm,
    EventNotificationRequest,
    InformationReportRequest,
)
from dlmskit.association.inputs import SILENCE
from dlmskit.association.server.services import Services, Turn, Wrapped
from dlmskit.errors import LocalProtocolError
from dlmskit.security.envelope import Form
from dlmskit.types.conformance import Conformance

Unasked = EventNotificationRequest | InformationReportRequest | DataNotification

_NEEDED: dict[type[Unasked], Conformance] = {
    EventNotificationRequest: Conformance.EVENT_NOTIFICATION,
    InformationReportRequest: Conformance.INFORMATION_REPORT,
    DataNotification: Conformance.DATA_NOTIFICATION,
}


def notification(services: Services, apdu: Unasked, *, dedicated: bool) -> bytes:
    """The notification as it is sent, under the protection that the policy demands of responses. Raises LocalProtocolError."""
    needed = _NEEDED[type(apdu)]
    if not services.conformance & needed:
        raise LocalProtocolError(f"not negotiated: {needed.labels[0]}")
    plain = apdu.encode()
    general = plain[0] not in GLOBAL_TAGS
    policy = int(services.settings.policy.response)
    if general and policy and not services.conformance & Conformance.GENERAL_PROTECTION:
        raise LocalProtocolError("not negotiated: general-protection, which a ciphered DataNotification needs")
    wrapped = Wrapped(0, Form((2 if general else 0) + dedicated), 0, policy, None)
    room = services.room(wrapped)
    if len(plain) > room:
        raise LocalProtocolError(f"a notification of {len(plain)} octets; the client takes {room}: push it in blocks")
    if isinstance(apdu, DataNotification):
        services.outstanding.sent(apdu.long_invoke_id_and_priority)
    return services.protect(wrapped, plain)


def confirmed(services: Services, turn: Turn, request: DataNotificationConfirm) -> bytes:
    """The client has got a DataNotification. There is no answer to that."""
    services.confirm(request.long_invoke_id_and_priority)
    return SILENCE
