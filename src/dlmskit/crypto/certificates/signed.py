"""What certificates, requests and revocation lists have in common: a body, the algorithm, and a signature over the body.

Only ECDSA with the hash of the signer's curve is known here, so each curve has one AlgorithmIdentifier, compared as octets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dlmskit.crypto.certificates import der
from dlmskit.crypto.certificates.faults import CertificateError, CertificateFault
from dlmskit.crypto.curves import P_256, P_384, Curve
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdsa import from_der, to_der, verify
from dlmskit.errors import DecodeError, SecurityError

MOST_OCTETS = 16 * 1024
"""Largest certificate or request; those of DLMS have some 400."""

_ECDSA = {
    P_256.name: der.sequence(der.oid("1.2.840.10045.4.3.2")),  # ecdsa-with-SHA256
    P_384.name: der.sequence(der.oid("1.2.840.10045.4.3.3")),  # ecdsa-with-SHA384
}


class Signed(NamedTuple):
    """The three parts of whatever is signed."""

    body: bytes
    """What the signature covers, with its own tag and length."""
    fields: list[der.Element]
    """The fields of the body."""
    algorithm: bytes
    signature: bytes
    """SEQUENCE of r and s."""


def open_signed(octets: bytes, most_octets: int = MOST_OCTETS) -> Signed:
    """Take it apart. Raises `CertificateError` (malformed)."""
    if len(octets) > most_octets:
        raise malformed(f"{len(octets)} octets, more than {most_octets}")
    try:
        outer = der.read_element(octets)
        body, algorithm, signature = der.read_elements(outer.content, 3)
        fields = der.read_elements(body.content)
    except (DecodeError, ValueError) as error:
        raise malformed(str(error)) from None
    if (outer.tag, body.tag, algorithm.tag, signature.tag) != (der.SEQUENCE, der.SEQUENCE, der.SEQUENCE, der.BIT_STRING):
        raise malformed("not a body, an algorithm and a signature")
    if signature.content[:1] != b"\x00":
        raise malformed("a signature is not a number of bits but of octets")
    return Signed(body.octets, fields, algorithm.octets, signature.content[1:])


def sign_body(curve: Curve, sign: Callable[[bytes], bytes], body: bytes) -> bytes:
    """The whole, signed by `sign`, the operation of a key handle."""
    return der.sequence(body, algorithm_of(curve), der.bit_string(to_der(sign(body))))


def algorithm_of(curve: Curve) -> bytes:
    """The AlgorithmIdentifier of signatures made on `curve`."""
    return _ECDSA[curve.name]


def is_known_algorithm(algorithm: bytes) -> bool:
    """Whether it is the ECDSA of one of our curves."""
    return algorithm in _ECDSA.values()


def is_signed_by(signed: Signed, public: PublicKey) -> bool:
    """Whether the owner of `public` made the signature."""
    try:
        verify(public, signed.body, from_der(public.curve, signed.signature))
    except SecurityError:
        return False
    return True


def check_algorithm(signed: Signed, public: PublicKey) -> None:
    """Refuse what a key like `public` cannot have signed by our rules. Raises `CertificateError` (signature-algorithm)."""
    if signed.algorithm != algorithm_of(public.curve):
        raise CertificateError(CertificateFault.SIGNATURE_ALGORITHM, f"not the ECDSA and hash that go with {public.curve.name}")


def public_key_of(spki: bytes) -> PublicKey:
    """The key of a SubjectPublicKeyInfo. Raises `CertificateError` (public-key)."""
    try:
        return PublicKey.from_spki(spki)
    except SecurityError as error:
        raise CertificateError(CertificateFault.PUBLIC_KEY, str(error)) from None


def malformed(message: str) -> CertificateError:
    """The error for what does not parse."""
    return CertificateError(CertificateFault.MALFORMED, message)
