"""What two parties agreed on: the negotiated side of an association (Green Book, xDLMS context).

It proves nothing; the proof that the peer authenticated itself is `dlmskit.association.authentication.Associated`.
"""

from __future__ import annotations

import msgspec

from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.system_title import SystemTitle


class AssociationContext(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What was negotiated. Sizes are in octets, 0 for no limit."""

    client_sap: int
    server_sap: int
    application_context: ApplicationContext
    mechanism: Mechanism
    conformance: Conformance
    """Proposed by the client and granted by the server."""
    client_max_receive_pdu_size: int
    server_max_receive_pdu_size: int
    client_system_title: SystemTitle | None = None
    server_system_title: SystemTitle | None = None
    user_id: int | None = None
    ciphered: bool = False
    """The InitiateRequest was ciphered: so must be the release."""
    has_dedicated_key: bool = False
    confirmed: bool = True
    """False where the client asked for no answers."""
    dlms_version: int = 6
    deviations: tuple[str, ...] = ()
    """Liberties of the server that the client took."""
