"""A logical device: objects under one SAP, and the clients that may associate with it (Blue Book 4.1.8, 4.4).

The objects that the standard makes mandatory are added: logical device name, one association object and one security setup
for each client that needs one, and the counter objects that let a new client begin with the right invocation counter.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from dlmskit.codec.data import Data
from dlmskit.cosem.access import Role
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.security_setup import SecuritySetup, SecuritySetupV0
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree, UtcClock
from dlmskit.errors import ConfigError
from dlmskit.security.keys import KeySet
from dlmskit.server.clients import AdmittedClient, ClientConfig, association_object, policy_number
from dlmskit.server.handler import CurrentRequest
from dlmskit.server.rights import Grants
from dlmskit.types.obis import Obis
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE, is_broadcast
from dlmskit.types.system_title import SystemTitle

LOGICAL_DEVICE_NAME = Obis("0.0.42.0.0.255")
_LOG = logging.getLogger("dlmskit.server")


class LogicalDevice:
    """Objects and clients under one server SAP. Raises ConfigError for a SAP or name that the standard does not allow."""

    def __init__(self, sap: int, name: str, objects: Iterable[InterfaceClass] = (), *, clock: UtcClock | None = None) -> None:
        if not 1 <= sap <= 0x3FFE or is_broadcast(sap):
            raise ConfigError(f"a logical device has a SAP from 1 to 16382, not {sap}")
        if not (name.isascii() and name.isprintable() and 3 < len(name) <= 16):
            raise ConfigError(
                f"a logical device name has 4 to 16 visible characters, the manufacturer's three first, not {name!r}"
            )
        self.sap = sap
        self.name = name
        self.tree = ObjectTree(objects, clock=clock)
        self.clients: dict[int, AdmittedClient] = {}
        self.current = CurrentRequest()
        self.third_parties: dict[SystemTitle, Grants] = {}
        """Parties that reach objects through data protection, whichever client carries it, and what they may do."""
        self.third_party_roles: dict[SystemTitle, Role] = {}
        """The same as roles, on the objects that there were at `refresh_roles`."""
        if (1, LOGICAL_DEVICE_NAME) not in self.tree:
            self.tree.add(DataObject(LOGICAL_DEVICE_NAME, value=Data.octet_string(name.encode())))

    def admit(
        self, config: ClientConfig, grants: Grants, *, last_counter: Callable[[KeySet], int] | None = None
    ) -> AdmittedClient:
        """Let a client in, with rights on the objects that there are at `refresh_roles`; call that when all are in.

        ``last_counter`` tells the highest invocation counter that was received under these keys. A broadcast client, whose server
        SAP is that of all stations, is admitted by the management logical device.
        """
        settings = config.settings
        if settings.server_sap != self.sap and not (settings.broadcast and self.sap == MANAGEMENT_LOGICAL_DEVICE):
            raise ConfigError(f"client {config.name} is configured for SAP {settings.server_sap}, not {self.sap}")
        if settings.client_sap in self.clients:
            raise ConfigError(f"two clients with SAP {settings.client_sap} in logical device {self.name}")
        number = len(self.clients) + 1
        setup = None
        context = len(self.tree.of(SecuritySetupV0))
        if settings.needs_titles:
            setup = self.tree.add(_security_setup(context, config))
        association = self.tree.add(association_object(number, config, None if setup is None else setup.obis))
        client = AdmittedClient(config, grants, association, setup, self._fault, self.current)
        self.clients[settings.client_sap] = client
        if setup is not None:
            counter = DataObject(f"0.0.43.1.{context}.255", value=Data.double_long_unsigned(0))
            if last_counter is not None:
                counter.feed("value", lambda: last_counter(client.keys.state.in_use))
            self.tree.add(counter)
        return client

    def refresh_roles(self) -> None:
        """Match the patterns of every client with the objects that there are now."""
        for client in self.clients.values():
            client.association.role = client.grants.role(client.config.name, self.tree, client.association)
        self.third_party_roles = {title: grants.role(str(title), self.tree) for title, grants in self.third_parties.items()}

    def _fault(self, where: str, error: Exception) -> None:
        _LOG.error("logical device %s: object failed: %s", self.name, where, exc_info=error)


def _security_setup(context: int, config: ClientConfig) -> SecuritySetupV0:
    """The security setup of security context ``context``, counted from 0."""
    settings, version = config.settings, config.security_setup_version
    if not version and settings.security_suite:
        raise ConfigError(f"client {config.name}: Security setup version 0 knows suite 0 alone")
    return (SecuritySetup if version else SecuritySetupV0)(
        f"0.0.43.0.{context}.255",
        security_policy=Data.enum(policy_number(settings.policy, version)),
        security_suite=settings.security_suite,
        server_system_title=_octets(settings.server_system_title),
    )


def _octets(title: SystemTitle | None) -> bytes:
    return b"" if title is None else title.octets
