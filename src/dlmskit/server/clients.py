"""A client that a logical device admits: how it must associate, what it may do then, and how often at the same time.

The association object (class 15) of a client stands in the object tree under a logical name of its own; to the client
itself it is also the current association, 0.0.40.0.0.255.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from weakref import WeakSet

from dlmskit.association.context import AssociationContext
from dlmskit.association.credentials import Credentials
from dlmskit.association.server.association import ServerAssociation
from dlmskit.association.settings import AssociationSettings
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.classes.association_ln import (
    AssociationLn,
    AssociationStatus,
    application_context_name,
    mechanism_name,
)
from dlmskit.cosem.classes.association_sn import AssociationSn
from dlmskit.cosem.classes.security_setup import SecuritySetupV0
from dlmskit.cosem.registry import interface_class
from dlmskit.cosem.view import Fault
from dlmskit.crypto.certificates import Certificate
from dlmskit.errors import ConfigError
from dlmskit.security.policy import SecurityPolicy
from dlmskit.server.certificate_store import Surroundings
from dlmskit.server.client_keys import ClientKeys
from dlmskit.server.handler import CurrentRequest, ObjectHandler
from dlmskit.server.key_keeper import KeyKeeper
from dlmskit.server.rights import Grants
from dlmskit.server.storage.sealed import SecretStore
from dlmskit.transport.base import Connection
from dlmskit.types.bits import BitString
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

_CIPHERING = b"\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """One client of one logical device."""

    name: str
    settings: AssociationSettings
    credentials: Credentials = field(default_factory=Credentials, repr=False)
    most_associations: int = 1
    """Open at the same time; one more is refused as rejected-transient (robustness R-075)."""
    association_version: int | None = None
    """Version of its association object, None for the newest: how its rights read. What it cannot say holds all the same."""
    security_setup_version: int = 1
    trust_anchors: tuple[Certificate, ...] = ()
    """Authorities whose certificates its security setup takes."""
    newest_wins: bool = False
    """Instead, one more ends the oldest, once its client has proved itself: for clients whose connections break silently."""


class AdmittedClient:
    """A client with its association object, its keys, and the associations that are open now."""

    def __init__(
        self,
        config: ClientConfig,
        grants: Grants,
        association: AssociationObject,
        setup: SecuritySetupV0 | None,
        fault: Fault,
        current: CurrentRequest,
    ) -> None:
        self.config = config
        self.grants = grants
        self.association = association
        self.setup = setup
        self.settings = config.settings
        """As configured, under the security policy that is in force."""
        self.keys = ClientKeys(f"client {config.settings.client_sap} of {config.settings.server_sap}", config.credentials)
        self.handler = ObjectHandler(association, AccessMode(int(config.settings.policy)), fault, current)
        self._open: dict[Connection, ServerAssociation] = {}  # oldest first
        self._made: WeakSet[ServerAssociation] = WeakSet()
        self._behind: set[ServerAssociation] = set()
        """Still under what was before, because their answer is under way in blocks."""
        self.title: SystemTitle | None = config.settings.client_system_title
        """System title of the client that was here last."""
        if setup is not None:
            setup.feed("client_system_title", lambda: b"" if self.title is None else self.title.octets)

    # --- Keys and policy ---

    def equip(self, store: SecretStore, around: Surroundings) -> None:
        """Take the kept keys back, and let the security setup change them. Raises `SecurityError` (key-store)."""
        self.keys.restore(store)
        keeper = KeyKeeper(self.keys, lambda: self.settings, around, self.config.trust_anchors)
        if self.setup is not None:
            self.setup.keeper = keeper
        if keeper.has_secret:
            self.association.on_new_secret = keeper.new_secret

    def govern(self) -> None:
        """Put the policy of the security setup into force: it may be stronger than the configured one, never weaker."""
        if self.setup is None:
            return
        policy = SecurityPolicy(int(self.setup.policy)) | self.config.settings.security_policy
        if policy != int(self.setup.policy):
            self.setup.store(2, Data.enum(policy_number(policy, self.setup.version)))
        self.settings = replace(self.config.settings, security_policy=policy)
        self.handler.govern(AccessMode(int(self.settings.policy)))

    def made(self, association: ServerAssociation) -> None:
        """An association was made for a connection; it follows every change of keys and policy."""
        self._made.add(association)

    def changed(self, requesting: ServerAssociation | None) -> None:
        """Keys or policy have changed, and the answer is made: everything goes on under the new ones."""
        self.govern()
        for association in tuple(self._made):
            if association is requesting and association.answering:
                self._behind.add(association)
            else:
                association.renewed(self.settings)

    def settle(self) -> bool:
        """Let associations follow whose answer is complete; whether there are none left."""
        for association in tuple(self._behind):
            if not association.answering:
                self._behind.discard(association)
                association.renewed(self.settings)
        return not self._behind

    # --- Associations ---

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
        if association.context is not None:
            self.title = association.context.client_system_title or self.title
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
        """Put the state of the associations into the association object; Association SN has no place for it."""
        if self.settings.short_names:
            return
        status = AssociationStatus.ASSOCIATED if self._open else AssociationStatus.NON_ASSOCIATED
        self.association.store(8, Data.enum(status))
        if context is not None:
            sizes = context.server_max_receive_pdu_size, context.client_max_receive_pdu_size
            self.association.store(5, _xdlms_context(int(context.conformance), *sizes, context.dlms_version))


def policy_number(policy: SecurityPolicy, version: int) -> int:
    """``security_policy`` of Security setup ``version``. Raises ConfigError for a policy that version 0 cannot say."""
    number = int(policy) if version else policy.to_v0()
    if number is None:
        raise ConfigError("Security setup version 0 knows no such policy: take version 1")
    return number


def association_object(number: int, config: ClientConfig, security_setup: Obis | None) -> AssociationObject:
    """The association object of client ``number`` (counted from 1) of a logical device."""
    settings = config.settings
    newest = AssociationSn if settings.short_names else AssociationLn
    version = newest.version if config.association_version is None else config.association_version
    made, name = interface_class(newest.class_id, version), f"0.0.40.0.{number}.255"
    names_setup = "security_setup_reference" in {word.python_name for word in made.attributes.values()}
    words: dict[str, object] = {}
    if names_setup:
        words["security_setup_reference"] = (security_setup or Obis("0.0.0.0.0.0")).octets
    if settings.short_names:
        association = made(name, **words)
        assert isinstance(association, AssociationObject)  # noqa: S101 - the registry has it by its number
        return association
    association = made(
        name,
        associated_partners_id=(settings.client_sap, settings.server_sap),
        application_context_name=application_context_name(settings.application_context),
        authentication_mechanism_name=mechanism_name(settings.mechanism),
        xdlms_context_info=(_bits(settings.grantable_conformance), settings.max_pdu_size, 0, 6, 0, _CIPHERING),
        **words,
    )
    assert isinstance(association, AssociationObject)  # noqa: S101 - the registry has it by its number
    return association


@lru_cache(maxsize=256)
def _xdlms_context(conformance: int, receives: int, sends: int, version: int) -> Data:
    return AssociationLn.xdlms_context_info.kind.encode((_bits(conformance), receives, sends, version, 0, _CIPHERING))


def _bits(conformance: int) -> BitString:
    return BitString.from_int(conformance, 24)
