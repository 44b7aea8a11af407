"""Who we are and whom we meet: private keys of our own, public and shared keys of others (Green Book, 9.2.3.4 and 9.2.5).

A public key gets in here only out of a certificate that was verified for this system title, or by configuration. Private keys
may live elsewhere: what is asked of them are two small protocols of `dlmskit.crypto.provider`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from dlmskit.crypto.curves import Curve, curve_of
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.provider import KeyAgreement, Signer
from dlmskit.crypto.random import Random
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.keys import KeySet
from dlmskit.types.system_title import SystemTitle


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Our private keys; what we do not have is None. One key never serves both purposes."""

    signing: Signer | None = None
    agreement: KeyAgreement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownParty:
    """What we hold of one other party."""

    title: SystemTitle
    verification: PublicKey | None = None
    """Verifies its signatures."""
    agreement: PublicKey | None = None
    """Its static key for key agreement."""
    keys: KeySet = field(default_factory=KeySet)
    """Symmetric keys shared with it. Of the peer of an association the keys are those of the association."""


PartyDirectory = Callable[[SystemTitle], KnownParty | None]
"""Finds a party by its title: a store of certificates, a table. None for one that is not known."""


def nobody(_title: SystemTitle) -> KnownParty | None:
    """The directory of those who use symmetric keys alone."""
    return None


def directory_of(*parties: KnownParty) -> PartyDirectory:
    """A directory of these parties."""
    return {party.title: party for party in parties}.get


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """What an association needs beside its symmetric keys, to sign, to agree on keys and to hear third parties."""

    identity: Identity = Identity()
    directory: PartyDirectory = nobody
    """Where public keys, and third parties, are found."""
    random: Random | None = None
    """Draws the keys that are sent wrapped."""
    ephemeral: Callable[[Curve], KeyAgreement] | None = None
    """Makes the key pair of a one-pass agreement: `generate_agreement_key` of a provider."""


class Correspondents:
    """The parties of one association, found by title: its peer, and the third parties that its rules name."""

    def __init__(
        self,
        own_title: SystemTitle,
        keys: KeySet,
        suite: SecuritySuite,
        third_parties: frozenset[SystemTitle],
        correspondence: Correspondence,
    ) -> None:
        self._own_title = own_title
        self._keys = keys
        self._suite = suite
        self._third_parties = third_parties
        self.correspondence: Final = correspondence
        self.peer: SystemTitle | None = None
        self.introduced: Final[dict[SystemTitle, KnownParty]] = {}

    def introduce(self, party: KnownParty) -> None:
        """Make a party known to this association alone, before the directory is asked: out of a certificate that it sent."""
        self.introduced[party.title] = party

    def of(self, title: SystemTitle) -> KnownParty:
        """The peer, or a third party that the rules name. Raises `SecurityError` (system-title-mismatch) for anybody else."""
        if title == self._own_title:
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"{title} is our own system title")
        if title != self.peer and title not in self._third_parties:
            message = f"{title} is neither the peer nor a third party of this association"
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, message)
        known = self.introduced.get(title) or self.correspondence.directory(title) or KnownParty(title=title)
        if known.title != title:
            raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"{known.title} was found where {title} was asked for")
        return replace(known, keys=self._keys) if title == self.peer else known

    def everybody(self) -> KnownParty:
        """Whoever holds the keys of the association: for broadcasts, in an association without one peer."""
        return KnownParty(title=self._own_title, keys=self._keys)

    def signing_key(self) -> Signer:
        """Our key for signatures. Raises `SecurityError`: missing-key, public-key-invalid (of another suite), unsupported."""
        curve_of(self._suite)
        signer = self.correspondence.identity.signing
        if signer is None:
            raise SecurityError(SecurityReason.MISSING_KEY, "there is no private key for signatures")
        self._check_curve(signer.public)
        return signer

    def agreement_key(self) -> KeyAgreement:
        """Our static key for key agreement. Raises as `signing_key`."""
        curve_of(self._suite)
        key = self.correspondence.identity.agreement
        if key is None:
            raise SecurityError(SecurityReason.MISSING_KEY, "there is no private key for key agreement")
        self._check_curve(key.public)
        return key

    def verification_key_of(self, title: SystemTitle) -> PublicKey:
        """The key that verifies signatures of this party. Raises as `of` and `signing_key`."""
        return self._public(self.of(title).verification, f"signatures of {title}")

    def agreement_key_of(self, title: SystemTitle) -> PublicKey:
        """The static key of this party for key agreement. Raises as `of` and `signing_key`."""
        return self._public(self.of(title).agreement, f"key agreement with {title}")

    def _public(self, key: PublicKey | None, purpose: str) -> PublicKey:
        if key is None:
            raise SecurityError(SecurityReason.MISSING_KEY, f"the public key for {purpose} is not known")
        self._check_curve(key)
        return key

    def _check_curve(self, key: PublicKey) -> None:
        curve = curve_of(self._suite)
        if key.curve != curve:
            message = f"suite {self._suite.id} has keys on {curve.name}, this one is on {key.curve.name}"
            raise SecurityError(SecurityReason.PUBLIC_KEY_INVALID, message)
