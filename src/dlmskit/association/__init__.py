"""Associations of both roles, sans-IO: opening, authentication, the services, release (application layer, 3 to 5 and 7).

`ClientAssociation` gives exchanges that somebody drives, `ServerAssociation` answers octets with octets. No socket, no clock,
no randomness: they are passed in. SN referencing is not here.
"""

from __future__ import annotations

from dlmskit.association.authentication import Associated
from dlmskit.association.client.access import AccessOutcome
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.connection import AssociationTable
from dlmskit.association.context import AssociationContext
from dlmskit.association.credentials import Credentials
from dlmskit.association.errors import (
    AssociationRefused,
    BlockTransferAborted,
    ConfirmedServiceErrorReceived,
    ExceptionReceived,
    InvocationCounterRefused,
    RequestRefused,
)
from dlmskit.association.ports import (
    AssociationEvent,
    Clock,
    EventCode,
    EventSink,
    Exchange,
    Notification,
    Random,
    Request,
    ServiceHandler,
    Tell,
)
from dlmskit.association.server.association import ServerAssociation
from dlmskit.association.settings import (
    SUPPORTED,
    AarqOnOpen,
    AssociationSettings,
    ClientTolerances,
    ServerSwitches,
    Signing,
    Wrapping,
)
from dlmskit.association.tables import Party, State

__all__ = [
    "SUPPORTED",
    "AarqOnOpen",
    "AccessOutcome",
    "Associated",
    "AssociationContext",
    "AssociationEvent",
    "AssociationRefused",
    "AssociationSettings",
    "AssociationTable",
    "BlockTransferAborted",
    "ClientAssociation",
    "ClientTolerances",
    "Clock",
    "ConfirmedServiceErrorReceived",
    "Credentials",
    "EventCode",
    "EventSink",
    "ExceptionReceived",
    "Exchange",
    "InvocationCounterRefused",
    "Notification",
    "Party",
    "Random",
    "Request",
    "RequestRefused",
    "ServerAssociation",
    "ServerSwitches",
    "ServiceHandler",
    "Signing",
    "State",
    "Tell",
    "Wrapping",
]
