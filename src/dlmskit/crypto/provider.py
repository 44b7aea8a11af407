"""The door to secret keys: what can be done with one, wherever it lives. Software is one side of it, a PKCS#11 token another.

A key is a handle with the operations that its purpose allows; the octets stay behind it. What needs no secret key (verifying,
hashing, deriving from a shared secret) is a plain function elsewhere. The authentication key is not behind the door: AES-GCM
takes it as additional data, in clear, so no token can hold it (Green Book, 9.2.3.3); it is known by its octets.
"""

from __future__ import annotations

from typing import Protocol

from dlmskit.crypto.curves import Curve
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.gcm import Mode
from dlmskit.crypto.keywrap import KEY_OCTETS
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import SecurityError, SecurityReason


class CipherKey(Protocol):
    """A block cipher key (GUEK, GBEK, dedicated or ephemeral). Each mode is bound to one sender and one AAD."""

    @property
    def key_octets(self) -> int:
        """Its length, 16 or 32."""
        ...

    def authenticated_encryption(self, fixed_field: bytes, aad: bytes) -> Mode:
        """AES-GCM with the tag of 12 octets over `aad` and text."""
        ...

    def authentication(self, fixed_field: bytes, aad: bytes) -> Mode:
        """GMAC: the text stays readable."""
        ...

    def encryption(self, fixed_field: bytes) -> Mode:
        """Encryption without a tag."""
        ...


class WrappingKey(Protocol):
    """A master key (KEK): wraps other keys after RFC 3394, and does nothing else."""

    @property
    def key_octets(self) -> int:
        """Its length, 16 or 32."""
        ...

    def wrap(self, key: CipherKey) -> bytes:
        """A transferable key of the same provider. Raises `SecurityError` (unsupported) for any other."""
        ...

    def unwrap(self, wrapped: bytes) -> CipherKey:
        """The key inside, which stays with the provider. Raises `SecurityError`: wrong-key-length, deciphering-failed."""
        ...

    def wrap_octets(self, key: bytes) -> bytes:
        """A key known by its octets: an authentication key, or the next master key."""
        ...

    def unwrap_octets(self, wrapped: bytes) -> bytes:
        """The octets of such a key. Raises as `unwrap`."""
        ...


class Signer(Protocol):
    """A private key for signatures."""

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """r || s."""
        ...


class KeyAgreement(Protocol):
    """A private key for key agreement, static or ephemeral."""

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        ...

    def derive(self, peer: PublicKey, suite: SecuritySuite, other_information: bytes) -> bytes:
        """The key of `suite` agreed with `peer`; `kdf` makes the other information.

        Raises `SecurityError` (public-key-invalid) where the peer's key is on another curve.
        """
        ...

    def prove_possession(self, request: bytes) -> bytes:
        """r || s over a certificate request for this key, and over nothing else."""
        ...


class CryptoProvider(Protocol):
    """Makes keys and takes keys in. Wrong lengths raise `SecurityError` (wrong-key-length)."""

    def cipher_key(self, octets: bytes, *, transferable: bool = False) -> CipherKey:
        """A known key of 16 or 32 octets. Only a transferable one can be wrapped later."""
        ...

    def generate_cipher_key(self, suite: SecuritySuite, *, transferable: bool = False) -> CipherKey:
        """A new key of the length of `suite`."""
        ...

    def wrapping_key(self, octets: bytes) -> WrappingKey:
        """A known master key."""
        ...

    def signing_key(self, curve: Curve, octets: bytes) -> Signer:
        """A known private key for signatures."""
        ...

    def generate_signing_key(self, curve: Curve) -> Signer:
        """A new one."""
        ...

    def agreement_key(self, curve: Curve, octets: bytes) -> KeyAgreement:
        """A known private key for key agreement."""
        ...

    def generate_agreement_key(self, curve: Curve) -> KeyAgreement:
        """A new one."""
        ...


def check_key_octets(octets: bytes) -> None:
    """Raise `SecurityError` (wrong-key-length) unless these are 16 or 32 octets; for every provider."""
    if len(octets) not in KEY_OCTETS:
        found = len(octets)
        del octets
        raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, f"a block cipher key has 16 or 32 octets, found {found}")


def not_transferable() -> SecurityError:
    """The error of a key that may not be wrapped, or lives in another provider."""
    return SecurityError(SecurityReason.UNSUPPORTED, "only a transferable key of the same provider can be wrapped")
