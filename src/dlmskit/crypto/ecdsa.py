"""ECDSA as DLMS sends it: r || s in fixed length, 64 octets on P-256 with SHA-256, 96 on P-384 with SHA-384 (FIPS 186-4).

The DER form exists in certificates alone. Anyone can replace s by n - s: a signature proves a message, it never identifies one.
The number k is made from key and message (RFC 6979) where OpenSSL can, so that no poor random source gives the key away.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from dlmskit.crypto.curves import Curve
from dlmskit.crypto.ec_keys import PrivateKey, PublicKey
from dlmskit.errors import SecurityError, SecurityReason


class SigningKey(PrivateKey):
    """A private key for signatures (digital signature, TLS), and for nothing else."""

    __slots__ = ()

    def sign(self, message: bytes) -> bytes:
        """r || s over the hash of `message`."""
        return sign_with(self._primitive, self.curve, message)


def verify(public: PublicKey, message: bytes, signature: bytes) -> None:
    """Check that the owner of `public` signed `message`.

    Raises `SecurityError` (signature-invalid): another length than r || s, r or s outside 1 to n - 1, or the wrong signature.
    """
    curve = public.curve
    if len(signature) != curve.signature_octets:
        raise _invalid(f"a signature on {curve.name} has {curve.signature_octets} octets (r || s), found {len(signature)}")
    r, s = (int.from_bytes(half) for half in (signature[: curve.coordinate_octets], signature[curve.coordinate_octets :]))
    if not (0 < r < curve.order and 0 < s < curve.order):
        raise _invalid("r and s of a signature lie between 1 and the order of the curve less 1")
    try:
        public.primitive.verify(encode_dss_signature(r, s), message, ec.ECDSA(curve.hash))
    except InvalidSignature:
        raise _invalid("it does not belong to this message and key") from None


def to_der(signature: bytes) -> bytes:
    """r || s as the SEQUENCE of two INTEGERs that certificates hold."""
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def from_der(curve: Curve, der: bytes) -> bytes:
    """The signature of a certificate as r || s. Raises `SecurityError` (signature-invalid) for what is none on `curve`."""
    size = curve.coordinate_octets
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(size) + s.to_bytes(size)
    except (ValueError, OverflowError):
        raise _invalid(f"not a signature on {curve.name} in DER") from None


def sign_with(primitive: ec.EllipticCurvePrivateKey, curve: Curve, message: bytes) -> bytes:
    """r || s; for the key classes of this room."""
    r, s = decode_dss_signature(primitive.sign(message, _algorithm(curve)))
    return r.to_bytes(curve.coordinate_octets) + s.to_bytes(curve.coordinate_octets)


def _algorithm(curve: Curve) -> ec.ECDSA:
    try:
        return ec.ECDSA(curve.hash, deterministic_signing=True)
    except UnsupportedAlgorithm:  # OpenSSL before 3.2: k from its own secure generator
        return ec.ECDSA(curve.hash)


def _invalid(message: str) -> SecurityError:
    return SecurityError(SecurityReason.SIGNATURE_INVALID, message)
