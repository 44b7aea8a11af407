"""Symmetric keys that a provider holds: an association uses them through the door of `dlmskit.crypto.provider`, never by octets.

A GUEK, GBEK and KEK can live in a token. An authentication key cannot: AES-GCM takes it as additional data, in clear. Nor can the
secrets of the mechanisms that hash them. They are kept in a sealed key file.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import NoReturn, Protocol

from dlmskit.crypto.provider import CipherKey, KeyAgreement, Signer, WrappingKey
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import Key, KeyRole, KeySet, fingerprint_of, fingerprint_of_master

HOLDABLE = (KeyRole.GUEK, KeyRole.GBEK, KeyRole.KEK)
"""What a provider can hold for an association."""


class StoredKeys(Protocol):
    """A place that keeps keys under labels: an open token. Its methods raise `SecurityError` (missing-key, key-store)."""

    def stored_cipher_key(self, label: str) -> CipherKey:
        """A block cipher key."""
        ...

    def stored_wrapping_key(self, label: str) -> WrappingKey:
        """A master key."""
        ...

    def stored_signing_key(self, label: str) -> Signer:
        """A private key for signatures."""
        ...

    def stored_agreement_key(self, label: str) -> KeyAgreement:
        """A private key for key agreement."""
        ...


class HeldKey(Key):
    """A key whose octets are not here. Equal to another key where the fingerprints are: 64 bits say so."""

    __slots__ = ("_held", "_holds", "label")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, held: CipherKey | WrappingKey, role: KeyRole, *, label: str | None = None) -> None:
        if role not in HOLDABLE:
            raise ConfigError(f"a {role.value} cannot be held in a token: it is needed in clear")
        self.role = role
        self.label = label
        """What it is called where it is; None for one without a name."""
        self._held = held
        self._holds = held.key_octets
        self._fingerprint = None

    @classmethod
    def stored(cls, place: StoredKeys, label: str, role: KeyRole) -> HeldKey:
        """The key with this label. Raises `ConfigError`, and what the place raises."""
        held = place.stored_wrapping_key(label) if role is KeyRole.KEK else place.stored_cipher_key(label)
        return cls(held, role, label=label)

    def reveal(self) -> NoReturn:
        """Raises `SecurityError` (unsupported)."""
        raise SecurityError(SecurityReason.UNSUPPORTED, f"the {self.role.value} is held in a token and does not leave it")

    def matches(self, octets: bytes) -> bool:
        """Whether these are the octets, by their fingerprint."""
        return len(octets) == self._holds and self == Key(octets, self.role)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return False
        return len(self) == len(other) and compare_digest(self._print_as(self.role), other._print_as(self.role))

    def __len__(self) -> int:
        return self._holds

    @property
    def gcm(self) -> CipherKey:
        """The key, ready for AES-GCM. Raises `SecurityError` (unsupported) for a master key."""
        if self.role is KeyRole.KEK:
            raise SecurityError(SecurityReason.UNSUPPORTED, "a master key in a token wraps keys, and protects no messages")
        return self._held  # type: ignore[return-value]  # by its role

    @property
    def master(self) -> WrappingKey:
        """The key, ready to wrap others. Raises `SecurityError` (unsupported) for any other than a master key."""
        if self.role is not KeyRole.KEK:
            raise SecurityError(SecurityReason.UNSUPPORTED, f"a {self.role.value} in a token wraps no keys")
        return self._held  # type: ignore[return-value]  # by its role

    def _print_as(self, role: KeyRole) -> str:
        """A held key has the one fingerprint that its use allows; "" for another, which is nobody's."""
        if (role is KeyRole.KEK) is not (self.role is KeyRole.KEK):
            return ""
        if self._fingerprint is None:
            made = fingerprint_of_master(self.master) if role is KeyRole.KEK else fingerprint_of(self.gcm)
            self._fingerprint = made
        return self._fingerprint


class HeldAlready:
    """As `StoredKeys`, the keys of a set that are held: where a state names keys by label, and the configuration has them."""

    def __init__(self, keys: KeySet) -> None:
        self._known = {(key.label, key.role is KeyRole.KEK): key for _, key in keys.named() if isinstance(key, HeldKey)}

    def stored_cipher_key(self, label: str) -> CipherKey:
        """See `StoredKeys`."""
        return self._found(label, master=False).gcm

    def stored_wrapping_key(self, label: str) -> WrappingKey:
        """See `StoredKeys`."""
        return self._found(label, master=True).master

    def stored_signing_key(self, label: str) -> NoReturn:
        """A set of symmetric keys has none."""
        raise _not_configured(label)

    def stored_agreement_key(self, label: str) -> NoReturn:
        """A set of symmetric keys has none."""
        raise _not_configured(label)

    def _found(self, label: str, *, master: bool) -> HeldKey:
        key = self._known.get((label, master))
        if key is None:
            raise _not_configured(label)
        return key


def _not_configured(label: str) -> SecurityError:
    return SecurityError(SecurityReason.MISSING_KEY, f"the configuration has no key labelled {label!r} in a token")
