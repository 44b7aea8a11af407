"""The keys of one association with the counters that go with them, and how a security context is made of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from dlmskit.association.settings import AssociationSettings
from dlmskit.association.tables import Party
from dlmskit.errors import ConfigError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security import suite_of
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.counters import MemoryCounterStore, TransmitCounters
from dlmskit.security.introduction import CertificateCheck, take_certificate
from dlmskit.security.keys import KeySet
from dlmskit.security.parties import Correspondence
from dlmskit.security.policy import ProtectionRules, SecurityPolicy
from dlmskit.security.windows import ReceivedCounters
from dlmskit.types.system_title import SystemTitle

_NOBODY = SystemTitle(bytes(8))
"""In place of an own system title where neither ciphering nor the mechanism uses one."""


def _forgetful() -> TransmitCounters:
    return TransmitCounters(MemoryCounterStore())


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What one side brings along. Counters are shared by all associations of a party; those made here die with the process."""

    keys: KeySet = field(default_factory=KeySet)
    correspondence: Correspondence = field(default_factory=Correspondence, repr=False)
    """Key pairs of our own, public keys of others, and what fresh keys are made of."""
    certificate: bytes | None = field(default=None, repr=False)
    """Our certificate for signatures, DER: sent along wherever signatures are needed. None: the peer knows our public key."""
    certificate_check: CertificateCheck | None = field(default=None, repr=False)
    """How a certificate that the peer sends is judged. None: only public keys of the directory count."""
    transmit: TransmitCounters = field(default_factory=_forgetful, repr=False)
    received: ReceivedCounters = field(default_factory=ReceivedCounters, repr=False)
    retired: bool = False
    """Server: these were replaced. What comes under them is refused like everything else; the log says what it was."""

    def candidates(self) -> Sequence[Credentials]:
        """As a `CredentialSource` that never changes."""
        return (self,)

    def proved(self, credentials: Credentials) -> None:
        """Nothing waits for it."""

    def security(
        self, party: Party, settings: AssociationSettings, peer_title: SystemTitle | None, limits: Limits = DEFAULT
    ) -> SecurityContext:
        """A fresh security context of one association.

        Raises `ConfigError` without a system title of our own, `SecurityError` for keys of another suite.
        """
        own = settings.client_system_title if party is Party.CLIENT else settings.server_system_title
        if own is None and not settings.needs_titles:
            own = _NOBODY
        if own is None:
            raise ConfigError(f"the {party.value} needs a system title of its own for ciphering and for this mechanism")
        return SecurityContext(
            own_title=own,
            keys=self.keys,
            transmit=self.transmit,
            received=self.received,
            peer_title=peer_title,
            suite=suite_of(settings.security_suite),
            rules=_rules(party, settings.policy, settings.broadcast, settings.third_parties),
            correspondence=self.correspondence,
            limits=limits,
        )

    def introduce(self, security: SecurityContext, certificate: bytes | None) -> None:
        """See to it that signatures of the peer can be verified, by the certificate that it sent if it sent one.

        Raises SecurityError: missing-key, certificate-refused, and what a certificate is refused for.
        """
        if certificate is not None:
            take_certificate(security, certificate, self.certificate_check)
        security.parties.verification_key_of(security.known_peer_title())


class CredentialSource(Protocol):
    """Where a server finds what it shares with a client: it may change while associations are open."""

    def candidates(self) -> Sequence[Credentials]:
        """What the client may come with: the newest first, retired ones last. At least one that is not retired."""
        ...

    def proved(self, credentials: Credentials) -> None:
        """A message was verified under these, the newest: the client holds them."""
        ...


@cache
def _rules(party: Party, policy: SecurityPolicy, broadcast: bool, third_parties: frozenset[SystemTitle]) -> ProtectionRules:
    sends, takes = (policy.request, policy.response) if party is Party.CLIENT else (policy.response, policy.request)
    return ProtectionRules(
        incoming=takes,
        outgoing=sends,
        accept_encryption_only=takes & 3 == Protection.ENCRYPTED,
        accept_broadcast=broadcast,
        third_parties=third_parties,
    )
