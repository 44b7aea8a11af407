"""The live secrets of one client: what its associations are opened under, changed by its security setup, kept in a store.

A `CredentialSource` of the association layer. The order of a change is the guard: first it is written, then believed, and the
associations go on under it after the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dlmskit.association.credentials import Credentials
from dlmskit.crypto.certificates import CertificateType, Role
from dlmskit.crypto.curves import CURVES, Curve
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.security.held_keys import HeldAlready
from dlmskit.security.keys import Secret
from dlmskit.security.parties import Identity, KnownParty
from dlmskit.server.key_state import KeyState
from dlmskit.server.storage.failure import StoreFailed
from dlmskit.server.storage.sealed import MemorySecrets, SecretStore
from dlmskit.types.system_title import SystemTitle

RETIRED_KEPT = 2
"""How many replaced key sets are remembered, in memory only, to name them in the log."""


def _ignore() -> None:
    """Nobody waits for a change."""


class ClientKeys:
    """Begins with the configured secrets; those in the store count more."""

    def __init__(self, name: str, configured: Credentials) -> None:
        self.name = name
        """In the store."""
        self.on_change: Callable[[], None] = _ignore
        """Told after every change of what associations are under."""
        self._configured = configured
        self._store: SecretStore = MemorySecrets()
        self._retired: list[Credentials] = []
        self.state = KeyState(keys=configured.keys)
        self._candidates = self._offered()

    def restore(self, store: SecretStore) -> None:
        """Take what is kept, and keep every change there. Raises `SecurityError` (key-store)."""
        kept = store.read(self.name)
        self._store = store
        if kept is not None:
            self.state = KeyState.from_octets(kept, lambda _token: HeldAlready(self._configured.keys))
            self._candidates = self._offered()

    def change(self, state: KeyState) -> None:
        """Write a new state, then believe it. Nothing has changed when this raises `SecurityError` or `ConfigError`."""
        self._store.write(self.name, state.to_octets())
        old, self.state = self.state, state
        offered = [keys for keys in (state.keys, state.before) if keys is not None]
        for keys in (old.keys, old.before):
            if keys is not None and not any(keys == other for other in offered):
                self._retired = [replace(self._configured, keys=keys, retired=True), *self._retired][:RETIRED_KEPT]
        self._candidates = self._offered()
        if (old.keys, old.before) != (state.keys, state.before):
            self.on_change()

    def candidates(self) -> Sequence[Credentials]:
        """Newest first, retired ones last."""
        return self._candidates

    def proved(self, credentials: Credentials) -> None:
        """The client holds the newest keys: those before are retired. Where that cannot be kept, they are not, until it can."""
        newest, before = self._candidates[0], self.state.before
        if before is not None and credentials.keys == newest.keys:
            state = self.state.changed(self.state.keys)
            try:
                self._store.write(self.name, state.to_octets())
            except StoreFailed:
                return
            self.state = state
            self._retired = [replace(self._configured, keys=before, retired=True), *self._retired][:RETIRED_KEPT]
            self._candidates = (newest, *self._retired)

    def party(self, title: SystemTitle) -> KnownParty | None:
        """Public keys of another party: from its certificates, as they are now, else as configured."""
        found = {one.role: one.public_key for one in self.state.certificates if one.system_title == title}
        configured = self._configured.correspondence.directory(title)
        if Role.SIGNATURE not in found and Role.KEY_AGREEMENT not in found:
            return configured
        known = configured or KnownParty(title=title)
        return replace(
            known,
            verification=found.get(Role.SIGNATURE, known.verification),
            agreement=found.get(Role.KEY_AGREEMENT, known.agreement),
        )

    def _offered(self) -> tuple[Credentials, ...]:
        sets = [keys for keys in (self.state.keys, self.state.before) if keys is not None]
        correspondence = replace(self._configured.correspondence, identity=self._identity(), directory=self.party)
        words: dict[str, Any] = {"correspondence": correspondence, "certificate": self._certificate()}
        return (*(replace(self._configured, keys=keys, **words) for keys in sets), *self._retired)

    def _certificate(self) -> bytes | None:
        """The certificate of the key pair for signatures, where one is in use; else the configured one."""
        secret = self.state.pairs.get(CertificateType.DIGITAL_SIGNATURE)
        if secret is None:
            return self._configured.certificate
        public = SigningKey(_curve(secret), secret.reveal()).public
        return next((one.octets for one in self.state.certificates if one.public_key == public), None)

    def _identity(self) -> Identity:
        """The meter's private keys: those with a certificate, else as configured."""
        configured, pairs = self._configured.correspondence.identity, self.state.pairs
        signing, agreement = pairs.get(CertificateType.DIGITAL_SIGNATURE), pairs.get(CertificateType.KEY_AGREEMENT)
        return Identity(
            signing=configured.signing if signing is None else SigningKey(_curve(signing), signing.reveal()),
            agreement=configured.agreement if agreement is None else AgreementKey(_curve(agreement), agreement.reveal()),
        )


def _curve(secret: Secret) -> Curve:
    return next(curve for curve in CURVES.values() if curve.coordinate_octets == len(secret.reveal()))
