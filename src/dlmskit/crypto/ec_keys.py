"""Keys on a curve: public ones as x || y, checked when they are made, and private ones that do not show themselves.

A point is valid when it has the right length, coordinates below the prime, and lies on the curve; both curves have cofactor 1, so
nothing else can be wrong with it (NIST SP 800-56A, 5.6.2.3.3). Infinity and compressed points have another length.
What a private key does is a class of its own: `SigningKey` in `ecdsa`, `AgreementKey` in `ecdh`; no key does both.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import NoReturn, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from dlmskit.crypto.curves import CURVES, Curve
from dlmskit.errors import SecurityError, SecurityReason


class PublicKey:
    """A point on a curve. That one exists means that it was checked."""

    __slots__ = ("_primitive", "curve", "octets")

    def __init__(self, curve: Curve, octets: bytes) -> None:
        """From x || y (64 or 96 octets). Raises `SecurityError` (public-key-invalid) for anything but a point on this curve."""
        if len(octets) != curve.public_key_octets:
            found = len(octets)
            raise _invalid(f"a public key on {curve.name} has {curve.public_key_octets} octets (x || y), found {found}")
        primitive = _point_on(curve, octets)
        if primitive is None:
            raise _invalid(f"the point is not on {curve.name}")
        self._hold(curve, primitive, bytes(octets))

    def _hold(self, curve: Curve, primitive: ec.EllipticCurvePublicKey, octets: bytes) -> None:
        self.curve = curve
        self.octets = octets
        self._primitive = primitive

    @classmethod
    def of_private(cls, curve: Curve, private: ec.EllipticCurvePrivateKey) -> Self:
        """The public half of a private key on this curve: computed, so there is nothing to check."""
        key, primitive = cls.__new__(cls), private.public_key()
        key._hold(curve, primitive, primitive.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:])  # noqa: SLF001
        return key

    @classmethod
    def from_spki(cls, der: bytes) -> Self:
        """From a SubjectPublicKeyInfo, which must be the one canonical form: named curve, uncompressed point, DER to the letter.

        Raises `SecurityError` (public-key-invalid), also for a curve that no suite has.
        """
        key = _spki_key(der)
        curve = CURVES.get(_NAMES.get(key.curve.name, "")) if key is not None else None
        if key is None or curve is None:
            raise _invalid("not a public key on a curve of DLMS")
        if not compare_digest(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), der):
            raise _invalid("the public key is not in its canonical form: named curve, uncompressed point, DER")
        return cls(curve, key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:])

    @property
    def primitive(self) -> ec.EllipticCurvePublicKey:
        """The key as the `cryptography` package knows it; for this room alone."""
        return self._primitive

    @property
    def spki(self) -> bytes:
        """The SubjectPublicKeyInfo of certificates and requests."""
        return self._primitive.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def __eq__(self, other: object) -> bool:
        return (self.curve, self.octets) == (other.curve, other.octets) if isinstance(other, PublicKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.octets)

    def __reduce__(self) -> tuple[type[PublicKey], tuple[Curve, bytes]]:
        return PublicKey, (self.curve, self.octets)

    def __repr__(self) -> str:
        return f"PublicKey({self.curve.name}, {self.octets[:4].hex().upper()}...)"


class PrivateKey:
    """A private key in this process: not printed, not pickled; `reveal` is the one door to it."""

    __slots__ = ("_primitive", "public")

    def __init__(self, curve: Curve, octets: bytes) -> None:
        """From the number in its fixed length (32 or 48 octets). Raises `SecurityError` (wrong-key-length), also out of range."""
        if len(octets) != curve.coordinate_octets or not 0 < int.from_bytes(octets) < curve.order:
            del octets
            expected = f"{curve.coordinate_octets} octets with a number from 1 to the order of {curve.name} less 1"
            raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, f"a private key has {expected}")
        self._hold(curve, ec.derive_private_key(int.from_bytes(octets), curve.primitive))

    def _hold(self, curve: Curve, primitive: ec.EllipticCurvePrivateKey) -> None:
        self._primitive = primitive
        self.public = PublicKey.of_private(curve, primitive)

    @classmethod
    def generate(cls, curve: Curve) -> Self:
        """A new key. Its randomness is drawn inside OpenSSL, which is why callers go through a `CryptoProvider`."""
        key = cls.__new__(cls)
        key._hold(curve, ec.generate_private_key(curve.primitive))  # noqa: SLF001
        return key

    @property
    def curve(self) -> Curve:
        """The curve it is on."""
        return self.public.curve

    def reveal(self) -> bytes:
        """The number itself, in 32 or 48 octets."""
        return self._primitive.private_numbers().private_value.to_bytes(self.curve.coordinate_octets)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.curve.name}, ...)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")


_NAMES = {curve.primitive.name: name for name, curve in CURVES.items()}


def _point_on(curve: Curve, octets: bytes) -> ec.EllipticCurvePublicKey | None:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve.primitive, b"\x04" + octets)
    except ValueError:
        return None


def _spki_key(der: bytes) -> ec.EllipticCurvePublicKey | None:
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) else None


def _invalid(message: str) -> SecurityError:
    return SecurityError(SecurityReason.PUBLIC_KEY_INVALID, message)
