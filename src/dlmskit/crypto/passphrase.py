"""A key from a passphrase: Argon2id (RFC 9106), for key files at rest.

The parameters travel with the file, so they are bounded here: a hostile file must not make us take all memory or time.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from dlmskit.errors import SecurityError, SecurityReason

_MOST_MEMORY_KIB = 1 << 20
_MOST_ITERATIONS = 32
_MOST_LANES = 16


@dataclass(frozen=True, slots=True)
class PassphraseCost:
    """What one derivation costs; the defaults are the second recommendation of RFC 9106."""

    iterations: int = 3
    lanes: int = 4
    memory_kib: int = 64 * 1024

    def __post_init__(self) -> None:
        ranges = (
            (self.iterations, 1, _MOST_ITERATIONS),
            (self.lanes, 1, _MOST_LANES),
            (self.memory_kib, 8 * self.lanes, _MOST_MEMORY_KIB),
        )
        if not all(low <= value <= high for value, low, high in ranges):
            raise SecurityError(SecurityReason.KEY_STORE, "the cost of the passphrase is outside what is accepted")


def derive_key(passphrase: bytes, salt: bytes, cost: PassphraseCost) -> bytes:
    """32 octets for AES-256. `salt` has at least 8 octets."""
    try:
        kdf = Argon2id(salt=salt, length=32, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib)
    except UnsupportedAlgorithm:
        del passphrase
        raise SecurityError(SecurityReason.UNSUPPORTED, "this OpenSSL has no Argon2id (3.2 or newer is needed)") from None
    return kdf.derive(passphrase)
