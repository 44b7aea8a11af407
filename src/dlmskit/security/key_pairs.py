"""Key pairs of one party as key files hold them: private keys where the party is ourselves, public ones of those we talk to.

The length of a key says on which curve it is: 32 octets (public: 64) on P-256, 48 (96) on P-384.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dlmskit.crypto.curves import CURVES, Curve
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.provider import KeyAgreement, Signer
from dlmskit.errors import ConfigError
from dlmskit.security.keys import Secret

PrivateKeyOfAPair = Signer | KeyAgreement

_PRIVATE: Mapping[str, type[SigningKey | AgreementKey]] = {"signing_key": SigningKey, "agreement_key": AgreementKey}
_PUBLIC_OF = {"signing_key": "signing_public_key", "agreement_key": "agreement_public_key"}
PAIR_FIELDS = (*_PUBLIC_OF, *_PUBLIC_OF.values())
"""What a key file calls them."""
PRIVATE_FIELDS = tuple(_PRIVATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPairs:
    """What is known; the rest is None. The public half of a private key is always known.

    Raises `ConfigError` where a private and a public key do not belong together.
    """

    signing_key: Signer | None = None
    agreement_key: KeyAgreement | None = None
    signing_public_key: PublicKey | None = None
    """Verifies the signatures of this party."""
    agreement_public_key: PublicKey | None = None
    """Its static key for key agreement."""

    def __post_init__(self) -> None:
        for private, public in _PUBLIC_OF.items():
            own, given = getattr(self, private), getattr(self, public)
            if own is None:
                continue
            if given not in (None, own.public):
                raise ConfigError(f"{public} is not the public half of {private}")
            object.__setattr__(self, public, own.public)

    def named(self) -> Iterator[tuple[str, PublicKey, PrivateKeyOfAPair | None]]:
        """Purpose (signing, agreement), public key, and the private one where it is here."""
        for private, public in _PUBLIC_OF.items():
            known = getattr(self, public)
            if known is not None:
                yield private.removesuffix("_key"), known, getattr(self, private)

    def table(self) -> dict[str, str]:
        """As a key file holds them: private keys, labels of those in a token, public ones whose private half is not known."""
        table = {}
        for purpose, public, private in self.named():
            if private is None:
                table[f"{purpose}_public_key"] = public.octets.hex()
            elif isinstance(private, SigningKey | AgreementKey):
                table[f"{purpose}_key"] = private.reveal().hex()
            else:
                table[f"{purpose}_key_label"] = str(getattr(private, "label", None) or "")
        return table


def pair_from_hex(field: str, text: str) -> PrivateKeyOfAPair | PublicKey:
    """One field of a key file. Raises `ConfigError`, `SecurityError` (wrong-key-length, public-key-invalid), without the text."""
    try:
        octets = Secret.from_hex(text).reveal()
        kind = _PRIVATE.get(field)
        if kind is not None:
            return kind(_curve_with(len(octets)), octets)
        return PublicKey(_curve_with(len(octets) // 2), octets)
    finally:
        del text


def _curve_with(coordinate_octets: int) -> Curve:
    for curve in CURVES.values():
        if curve.coordinate_octets == coordinate_octets:
            return curve
    raise ConfigError("a private key has 32 or 48 octets, a public key 64 or 96")
