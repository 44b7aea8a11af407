"""The two curves of DLMS, with what belongs to each: coordinate length, order, hash (Green Book, 9.2.3.4; FIPS 186-4).

A curve brings its own hash: P-256 goes with SHA-256 and P-384 with SHA-384, in signatures, certificates and key derivation alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from dlmskit.crypto.suites import SUITE_1, SUITE_2, SecuritySuite
from dlmskit.errors import SecurityError, SecurityReason


@dataclass(frozen=True, slots=True)
class Curve:
    """A named curve. Lengths are in octets."""

    name: str
    coordinate_octets: int
    order: int
    """n: a private key, r and s lie between 1 and n - 1."""
    primitive: ec.EllipticCurve = field(repr=False, compare=False)
    hash: hashes.SHA256 | hashes.SHA384 = field(repr=False, compare=False)

    @property
    def public_key_octets(self) -> int:
        """x || y."""
        return 2 * self.coordinate_octets

    @property
    def signature_octets(self) -> int:
        """r || s."""
        return 2 * self.coordinate_octets


# Written down because older versions of `cryptography` do not give them; a test compares them with those that do.
_ORDER_256 = (1 << 256) - (1 << 224) + (1 << 192) - 0x4319_0552_58E8_617B_0C46_353D_039C_DAAF
_ORDER_384 = (1 << 384) - 0x389C_B27E_0BC8_D220_A7E5_F24D_B74F_5885_1313_E695_333A_D68D

P_256 = Curve("P-256", SUITE_1.coordinate_octets, _ORDER_256, ec.SECP256R1(), hashes.SHA256())
P_384 = Curve("P-384", SUITE_2.coordinate_octets, _ORDER_384, ec.SECP384R1(), hashes.SHA384())

CURVES: Mapping[str, Curve] = MappingProxyType({curve.name: curve for curve in (P_256, P_384)})
"""By the name that a security suite gives."""


def curve_of(suite: SecuritySuite) -> Curve:
    """The curve of `suite`. Raises `SecurityError` (unsupported) where the suite has no asymmetric part."""
    if suite.curve is None:
        raise SecurityError(SecurityReason.UNSUPPORTED, f"security suite {suite.id} has neither signatures nor key agreement")
    return CURVES[suite.curve]
