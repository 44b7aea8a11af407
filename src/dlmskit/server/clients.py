"""A client that a logical device admits: how it must associate, what it may do then, and how often at the same time.

The association object (class 15) of a client stands in the object tree under a logical name of its own; to the client
itself it is also the current association, 0.0.40.0.0.255.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from dlmskit.association.context import AssociationContext
from dlmskit.association.credentials import Credentials
from dlmskit.association.server.association import ServerAssociation
from dlmskit.association.settings import AssociationSettings
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.classes.association_ln import (
    AssociationLn,
    AssociationStatus,
    application_context_name,
    mechanism_name,
)
from dlmskit.cosem.view import Fault
from dlmskit.server.handler import ObjectHandler
from dlmskit.server.rights import Grants
from dlmskit.transport.base import Connection
from dlmskit.types.bits import BitString
from dlmskit.types.obis import Obis

_CIPHERING = b"\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """One client of one logical device."""

    name: str
    settings: AssociationSettings
    credentials: Credentials = field(default_factory=Credentials, repr=False)
    most_associations: int = 1
    """Open at the same time; one more is refused as rejected-transient (robustness R-075)."""
    newest_wins: bool = False
    """Instead, one more ends the oldest, once its client has proved itself: for clients whose connections break silently."""


class AdmittedClient:
    """A client with its association object, and the associations that are open now."""

    def __init__(self, config: ClientConfig, grants: Grants, association: AssociationLn, fault: Fault) -> None:
        self.config = config
        self.grants = grants
        self.association = association
        self.handler = ObjectHandler(association, AccessMode(int(config.settings.policy)), fault)
        self._open: dict[Connection, ServerAssociation] = {}  # oldest first

    @property
    def ports(self) -> list[str]:
        """Where the open associations come from, oldest first."""
        return [connection.peer for connection in self._open]

    def has_room(self) -> bool:
        """Whether one more association may be opened. Those that only wait for a proof do not count: nobody proved them."""
        for connection, association in tuple(self._open.items()):
            association.expire()
            if association.associated is None:
                self.closed(connection)
        return self.config.newest_wins or len(self._open) < self.config.most_associations

    def opened(self, connection: Connection, association: ServerAssociation) -> str:
        """An association is open: its client has proved itself. Where that is one too many, one connection is closed.

        Returns the port of the connection that was closed, if there was one.
        """
        self._open[connection] = association
        surplus = None
        if len(self._open) > self.config.most_associations:
            surplus = next(iter(self._open)) if self.config.newest_wins else connection
            del self._open[surplus]
            surplus.close()
        self._show(association.context)
        return "" if surplus is None else surplus.peer

    def closed(self, connection: Connection) -> None:
        """The association on a connection has ended; harmless where there was none."""
        if self._open.pop(connection, None) is not None:
            self._show(None)

    def _show(self, context: AssociationContext | None) -> None:
        """Put the state of the associations into the association object."""
        status = AssociationStatus.ASSOCIATED if self._open else AssociationStatus.NON_ASSOCIATED
        self.association.store(8, Data.enum(status))
        if context is not None:
            sizes = context.server_max_receive_pdu_size, context.client_max_receive_pdu_size
            self.association.store(5, _xdlms_context(int(context.conformance), *sizes, context.dlms_version))


def association_object(number: int, settings: AssociationSettings, security_setup: Obis | None) -> AssociationLn:
    """The association object of client ``number`` (counted from 1) of a logical device, version 3."""
    return AssociationLn(
        f"0.0.40.0.{number}.255",
        associated_partners_id=(settings.client_sap, settings.server_sap),
        application_context_name=application_context_name(settings.application_context),
        authentication_mechanism_name=mechanism_name(settings.mechanism),
        xdlms_context_info=(_bits(int(settings.conformance)), settings.max_pdu_size, 0, 6, 0, _CIPHERING),
        security_setup_reference=(security_setup or Obis("0.0.0.0.0.0")).octets,
    )


@lru_cache(maxsize=256)
def _xdlms_context(conformance: int, receives: int, sends: int, version: int) -> Data:
    return AssociationLn.xdlms_context_info.kind.encode((_bits(conformance), receives, sends, version, 0, _CIPHERING))


def _bits(conformance: int) -> BitString:
    return BitString.from_int(conformance, 24)
