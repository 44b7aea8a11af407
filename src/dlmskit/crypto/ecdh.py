"""Key agreement: elliptic curve Diffie-Hellman with cofactor 1 (NIST SP 800-56A, 5.7.1.2), on the two curves of DLMS.

The peer's point was checked when its `PublicKey` was made, so no multiplication ever meets an invalid one. Z is x of the product,
in the length of a coordinate with its leading zeros; it is not a key yet: `kdf` makes one of it.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from dlmskit.crypto.ec_keys import PrivateKey, PublicKey
from dlmskit.crypto.ecdsa import sign_with
from dlmskit.crypto.kdf import derive_key
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import SecurityError, SecurityReason


class AgreementKey(PrivateKey):
    """A private key for key agreement, static or ephemeral, and for nothing else."""

    __slots__ = ()

    def agree(self, peer: PublicKey) -> bytes:
        """Z, the shared secret. Raises `SecurityError` (public-key-invalid) where the peer's key is on another curve."""
        if peer.curve != self.curve:
            message = f"keys on {self.curve.name} and {peer.curve.name} do not agree on anything"
            raise SecurityError(SecurityReason.PUBLIC_KEY_INVALID, message)
        return self._primitive.exchange(ec.ECDH(), peer.primitive)

    def derive(self, peer: PublicKey, suite: SecuritySuite, other_information: bytes) -> bytes:
        """The key of `suite` agreed with `peer`: `agree`, then `kdf.derive_key`; Z does not leave this function."""
        return derive_key(suite, self.agree(peer), other_information)

    def prove_possession(self, request: bytes) -> bytes:
        """r || s over a certificate request for this very key, the one signature that such a key makes (NIST SP 800-57, 5.2)."""
        return sign_with(self._primitive, self.curve, request)
