"""Keys and secrets that do not show themselves, and the set of them that opens one meter.

`reveal` is the one door to the octets: search for it to see who uses them. Printing, formatting and pickling give nothing.
Python cannot wipe memory: an attacker who reads this process has the keys.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import NoReturn, Self

from dlmskit.crypto.gcm import GcmKey
from dlmskit.crypto.provider import CipherKey, WrappingKey
from dlmskit.crypto.software import SoftwareWrappingKey
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import ConfigError, SecurityError, SecurityReason

_KEY_OCTETS = (16, 32)


class Secret:
    """Octets that are not shown: a password, an HLS secret, a key. Compared in constant time, not hashable, not pickled."""

    __slots__ = ("_octets",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, octets: bytes) -> None:
        self._octets = bytes(octets)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """From hexadecimal digits; blanks between octets are allowed. Raises `ConfigError`, which does not repeat the text."""
        try:
            return cls(_from_hex(text))
        finally:
            del text  # some error reports print local variables; so in every function below that has a secret in one

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From a password as people write it, in UTF-8."""
        return cls(text.encode())

    def reveal(self) -> bytes:
        """The octets themselves."""
        return self._octets

    def matches(self, octets: bytes) -> bool:
        """Whether these are the octets, in a time that tells neither where they differ nor how long the secret is."""
        given, expected = hashlib.sha256(octets).digest(), hashlib.sha256(self._octets).digest()
        return hmac.compare_digest(given, expected)

    def __eq__(self, other: object) -> bool:
        return self.matches(other._octets) if isinstance(other, Secret) else NotImplemented

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class KeyRole(StrEnum):
    """What a key is for (Green Book, 9.2.3.2)."""

    GUEK = "guek"
    """Global unicast encryption key."""
    GBEK = "gbek"
    """Global broadcast encryption key."""
    GAK = "gak"
    """(Global) authentication key."""
    KEK = "kek"
    """Master key: wraps the others."""
    DEDICATED = "dedicated_key"
    """Unicast encryption key of one association."""
    CEK = "content_encryption_key"
    """Encryption key of general-ciphering that came wrapped, or was agreed on; it lives no longer than the association."""
    SIGNATURE = "signature_key"
    """Key pair of digital signatures."""


class Key(Secret):
    """A symmetric key of 16 or 32 octets with its role. Raises `SecurityError` (wrong-key-length)."""

    __slots__ = ("_fingerprint", "_gcm", "role")

    def __init__(self, octets: bytes, role: KeyRole = KeyRole.GUEK) -> None:
        self.role = role
        if len(octets) not in _KEY_OCTETS:
            found = len(octets)
            del octets
            raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, f"a {role.value} has 16 or 32 octets, found {found}")
        super().__init__(octets)
        self._gcm: CipherKey | None = None
        self._fingerprint: str | None = None

    @classmethod
    def from_hex(cls, text: str, role: KeyRole = KeyRole.GUEK) -> Self:
        """From 32 or 64 hexadecimal digits. Raises `ConfigError` for other text, `SecurityError` for another length."""
        try:
            return cls(_from_hex(text), role)
        finally:
            del text

    def __len__(self) -> int:
        return len(self._octets)

    @property
    def gcm(self) -> CipherKey:
        """The key ready for AES-GCM: made on first use, because it takes some 2.5 kB, and then kept."""
        if self._gcm is None:
            self._gcm = GcmKey(self._octets)
        return self._gcm

    @property
    def master(self) -> WrappingKey:
        """The key ready to wrap other keys."""
        return SoftwareWrappingKey(self._octets)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the key in counter stores and logs without showing it.

        The role is not part of it: the same octets in two roles share their counters, because they share their IVs. A master
        key, which protects no messages, has one of its own kind. A key in a token has the same as in software, so that it goes
        on with its counter when it moves.
        """
        return self._print_as(self.role)

    def _print_as(self, role: KeyRole) -> str:
        """What the fingerprint of these octets is in this role."""
        if role is not self.role:
            return Key(self._octets, role).fingerprint
        if self._fingerprint is None:
            gcm = self._gcm or GcmKey(self._octets)
            self._fingerprint = fingerprint_of_master(self.master) if role is KeyRole.KEK else fingerprint_of(gcm)
        return self._fingerprint

    def check_length(self, suite: SecuritySuite) -> None:
        """Refuse a key of another suite. Raises `SecurityError` (wrong-key-length)."""
        if len(self) != suite.key_octets:
            message = f"suite {suite.id} needs a {self.role.value} of {suite.key_octets} octets, this one has {len(self)}"
            raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, message)

    def __repr__(self) -> str:
        return f"Key({self.role.value})"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """The secrets shared with one meter; what is not known is None. Raises `ConfigError` for a key in another key's place."""

    guek: Key | None = None
    gak: Key | None = None
    gbek: Key | None = None
    kek: Key | None = None
    lls_password: Secret | None = None
    hls_secret: Secret | None = None
    """Of mechanisms 2, 3, 4 and 6."""

    def __post_init__(self) -> None:
        for name, key in self.named():
            if key.role.value != name:
                raise ConfigError(f"a {key.role.value} was given as {name}")

    @classmethod
    def from_hex(
        cls, *, guek: str | None = None, gak: str | None = None, gbek: str | None = None, kek: str | None = None
    ) -> KeySet:
        """Keys from hexadecimal digits. Raises as `Key.from_hex`."""
        return cls(
            guek=None if guek is None else Key.from_hex(guek, KeyRole.GUEK),
            gak=None if gak is None else Key.from_hex(gak, KeyRole.GAK),
            gbek=None if gbek is None else Key.from_hex(gbek, KeyRole.GBEK),
            kek=None if kek is None else Key.from_hex(kek, KeyRole.KEK),
        )

    def named(self) -> Iterator[tuple[str, Key]]:
        """The keys that are known, with the names of their fields."""
        for name in _NAMES:
            key = getattr(self, name)
            if isinstance(key, Key):
                yield name, key

    def check_lengths(self, suite: SecuritySuite) -> None:
        """Refuse keys of another suite. Raises `SecurityError` (wrong-key-length)."""
        for _, key in self.named():
            key.check_length(suite)


# Fingerprints ask of a key only what it does anyway, so that keys in tokens have them too. The IV is no message's: no party has
# this title, and counters end before this number. What comes out is hashed, so that it says nothing about the key stream.

_NOBODYS_TITLE = b"dlmskit\x00"
_NO_COUNTER = b"\xff" * 4
_FINGERPRINT = b"dlmskit key name"


def fingerprint_of(key: CipherKey) -> str:
    """What a block cipher key is called: 8 octets of SHA-256 over its GMAC of a fixed text."""
    return _hashed(key.authentication(_NOBODYS_TITLE, b"").protect(_NO_COUNTER, _FINGERPRINT))


def fingerprint_of_master(key: WrappingKey) -> str:
    """What a master key is called: 8 octets of SHA-256 over a fixed text that it wrapped."""
    return _hashed(key.wrap_octets(_FINGERPRINT))


def _hashed(octets: bytes) -> str:
    return hashlib.sha256(octets).digest()[:8].hex()


_NAMES = tuple(field.name for field in fields(KeySet))


def _from_hex(text: str) -> bytes:
    octets = _hex_or_none(text)
    if octets is None:
        del text
        raise ConfigError("a key or secret must be given as hexadecimal digits, two for each octet")
    return octets


def _hex_or_none(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
