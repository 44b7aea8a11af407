"""For whom a push is: the push client of a Push setup, with its rights, keys and protection."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dlmskit.association.tables import Party
from dlmskit.codec.data import Data
from dlmskit.cosem.access import Operation, Protection, decide
from dlmskit.cosem.classes.push_setup import PushSetupV0, PushSetupV1
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security import Ciphered, GeneralCiphered, SecurityContext, Signed, Step, read_envelope
from dlmskit.security.envelope import PROTECTED_TAGS
from dlmskit.security.layered import protection_of
from dlmskit.server.clients import AdmittedClient
from dlmskit.server.logical_device import LogicalDevice
from dlmskit.server.push.message import steps_of
from dlmskit.types.obis import Obis
from dlmskit.types.sap import CLIENT_MANAGEMENT_PROCESS

if TYPE_CHECKING:
    from dlmskit.server.device import Device


class PushParty:
    """The client that a Push setup names, as it is now; a `Caller` for what it may be sent."""

    def __init__(self, device: Device, logical_device: LogicalDevice, setup: PushSetupV0) -> None:
        self._device = device
        self._logical_device = logical_device
        self._setup = setup

    @property
    def client_sap(self) -> int:
        """push_client_SAP; the management client where the version has none, or it is not set."""
        named = self._setup.push_client_sap if isinstance(self._setup, PushSetupV1) else 0
        return named or CLIENT_MANAGEMENT_PROCESS

    @property
    def client(self) -> AdmittedClient:
        """Raises ConfigError where the logical device has no such client."""
        found = self._logical_device.clients.get(self.client_sap)
        if found is None:
            raise ConfigError(f"push_client_SAP {self.client_sap} is no client of logical device {self._logical_device.name}")
        return found

    @property
    def steps(self) -> tuple[Step, ...]:
        """The layers of protection, innermost first. Raises ConfigError."""
        parameters: Data | None = self._setup.stored(10) if isinstance(self._setup, PushSetupV1) else None
        settings = self.client.settings
        steps = steps_of(parameters, settings.policy.response)
        if steps and not settings.ciphered:
            raise ConfigError(f"push client {self.client_sap} is not ciphered: there are no keys to protect a push with")
        return steps if self.client.title is not None else tuple(map(_to_whom_it_concerns, steps))

    def context(self) -> SecurityContext | None:
        """A security context for one attempt; None where nothing is protected. Raises ConfigError, SecurityError.

        Its peer is the recipient that the protection parameters name, else the client that was here last.
        """
        client = self.client
        if not client.settings.ciphered:
            return None
        named = (step.recipient for step in self.steps if isinstance(step, GeneralCiphered | Signed))
        peer = next(filter(None, named), client.title)
        return client.keys.candidates()[0].security(Party.SERVER, client.settings, peer, self._device.limits)

    def may(self, operation: Operation, class_id: int, logical_name: Obis, number: int) -> bool:
        """Whether the client may read it, and the push carries what the right demands of a response."""
        try:
            client, steps = self.client, self.steps
        except ConfigError:
            return False
        given = Protection.NONE
        for step in steps:
            given |= Protection(int(protection_of(step)))
        decision = decide(client.association.role, (class_id, logical_name), operation, number, given, client.handler.policy)
        return decision.allowed and not int(decision.response) & ~int(given)


def _to_whom_it_concerns(step: Step) -> Step:
    """A step without recipient where none is known: the client was never here, and nobody configured its title."""
    if isinstance(step, Ciphered) or step.recipient is not None:
        return step
    return replace(step, name_recipient=False)


def pin_sender(context: SecurityContext | None, octets: bytes) -> None:
    """Tie a context whose peer is not known to the title that a protected answer gives: the tag must prove it then."""
    if context is None or context.peer_title is not None or octets[:1] == b"" or octets[0] not in PROTECTED_TAGS:
        return
    with suppress(DlmsError):
        title = read_envelope(octets).title
        if title is not None:
            context.pin_peer(title)
