"""Security suites as data: which algorithms and which lengths belong to a suite id (Green Book, 9.2.3.7).

A new suite is one more entry of `SUITES`; nothing else in the library compares suite numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dlmskit.errors import SecurityError, SecurityReason


@dataclass(frozen=True, slots=True)
class SecuritySuite:
    """One security suite. Lengths are in octets; an asymmetric part that a suite does not have is None or 0."""

    id: int
    """The number in bits 0 to 3 of the security control octet."""
    name: str
    """As the standard calls its authenticated encryption."""
    key_octets: int
    """Block cipher key, authentication key, master key and dedicated key."""
    curve: str | None = None
    """Curve of signature (ECDSA) and key agreement (ECDH)."""
    coordinate_octets: int = 0
    """One coordinate of a point, and one half of a signature."""
    hash_name: str | None = None
    """Hash of signature and key derivation, as `hashlib` names it."""
    compression: bool = False
    """Whether bit 7 of the security control octet (V.44) may be set."""
    tag_octets: int = 12
    """The leftmost octets of the GCM tag that are sent."""
    ciphering_algorithm: int = 0
    """Last arc of the algorithm id (2.16.756.5.8.3.n) with which a key for ciphering or authentication is derived."""
    wrapping_algorithm: int = 2
    """The same for a master key, which wraps others."""

    @property
    def wrapped_key_octets(self) -> int:
        """A key of this suite, wrapped after RFC 3394."""
        return self.key_octets + 8

    @property
    def public_key_octets(self) -> int:
        """x || y, without a leading 04."""
        return 2 * self.coordinate_octets

    @property
    def signature_octets(self) -> int:
        """r || s."""
        return 2 * self.coordinate_octets


SUITE_0 = SecuritySuite(0, "AES-GCM-128", key_octets=16)
SUITE_1 = SecuritySuite(
    1, "AES-GCM-128", key_octets=16, curve="P-256", coordinate_octets=32, hash_name="sha256", compression=True
)
SUITE_2 = SecuritySuite(
    2,
    "AES-GCM-256",
    key_octets=32,
    curve="P-384",
    coordinate_octets=48,
    hash_name="sha384",
    compression=True,
    ciphering_algorithm=1,
    wrapping_algorithm=3,
)

SUITES: Mapping[int, SecuritySuite] = MappingProxyType({suite.id: suite for suite in (SUITE_0, SUITE_1, SUITE_2)})
"""Every suite by its id; 3 to 15 are reserved."""


def suite_of(suite_id: int) -> SecuritySuite:
    """The suite with this id. Raises `SecurityError` (unsupported) for a reserved one."""
    suite = SUITES.get(suite_id)
    if suite is None:
        raise SecurityError(SecurityReason.UNSUPPORTED, f"security suite {suite_id} is reserved")
    return suite
