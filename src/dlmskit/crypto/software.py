"""Keys in the memory of this process: the provider that needs nothing but OpenSSL.

Python cannot wipe memory, so who can read this process has the keys; a token is for those who must not.
"""

from __future__ import annotations

from typing import NoReturn

from dlmskit.crypto.curves import Curve
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.gcm import GcmKey
from dlmskit.crypto.keywrap import unwrap_key, wrap_key
from dlmskit.crypto.provider import CipherKey, check_key_octets, not_transferable
from dlmskit.crypto.random import Random, draw
from dlmskit.crypto.suites import SecuritySuite


class SoftwareCipherKey(GcmKey):
    """A block cipher key in this process."""

    __slots__ = ("transferable",)

    def __init__(self, octets: bytes, *, transferable: bool = False) -> None:
        check_key_octets(octets)
        super().__init__(octets)
        self.transferable = transferable

    def wrapped_under(self, kek: bytes) -> bytes:
        """For `SoftwareWrappingKey`: the key leaves wrapped, if at all."""
        if not self.transferable:
            del kek
            raise not_transferable()
        return wrap_key(kek, self._key)


class SoftwareWrappingKey:
    """A master key in this process."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        check_key_octets(octets)
        self._octets = octets

    @property
    def key_octets(self) -> int:
        """Its length."""
        return len(self._octets)

    def wrap(self, key: CipherKey) -> bytes:
        """A transferable key of this provider."""
        if not isinstance(key, SoftwareCipherKey):
            raise not_transferable()
        return key.wrapped_under(self._octets)

    def unwrap(self, wrapped: bytes) -> SoftwareCipherKey:
        """The key inside."""
        return SoftwareCipherKey(unwrap_key(self._octets, wrapped))

    def wrap_octets(self, key: bytes) -> bytes:
        """A key known by its octets."""
        return wrap_key(self._octets, key)

    def unwrap_octets(self, wrapped: bytes) -> bytes:
        """The octets inside."""
        return unwrap_key(self._octets, wrapped)

    def __repr__(self) -> str:
        return "SoftwareWrappingKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


class SoftwareProvider:
    """Keys in the memory of this process. Block cipher keys are drawn from `random`, private keys inside OpenSSL."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def cipher_key(self, octets: bytes, *, transferable: bool = False) -> SoftwareCipherKey:
        """A known key."""
        return SoftwareCipherKey(octets, transferable=transferable)

    def generate_cipher_key(self, suite: SecuritySuite, *, transferable: bool = False) -> SoftwareCipherKey:
        """A new key."""
        return SoftwareCipherKey(draw(self._random, suite.key_octets), transferable=transferable)

    def wrapping_key(self, octets: bytes) -> SoftwareWrappingKey:
        """A known master key."""
        return SoftwareWrappingKey(octets)

    def signing_key(self, curve: Curve, octets: bytes) -> SigningKey:
        """A known private key for signatures."""
        return SigningKey(curve, octets)

    def generate_signing_key(self, curve: Curve) -> SigningKey:
        """A new one."""
        return SigningKey.generate(curve)

    def agreement_key(self, curve: Curve, octets: bytes) -> AgreementKey:
        """A known private key for key agreement."""
        return AgreementKey(curve, octets)

    def generate_agreement_key(self, curve: Curve) -> AgreementKey:
        """A new one."""
        return AgreementKey.generate(curve)
