"""A token as `CryptoProvider`: makes keys inside it, takes known ones in, finds stored ones by label and use.

Without a label a key lives as long as its handle; with one it is stored in the token. No key that is made or taken in here can be
read back, and none can be wrapped but those that were made transferable.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, NoReturn, Self

import pkcs11
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from dlmskit.client.pkcs11.handles import (
    AGREES,
    CIPHER,
    HIDDEN,
    SIGNS,
    WRAPPABLE,
    WRAPPING,
    TokenCipherKey,
    TokenKeyAgreement,
    TokenSigner,
    TokenWrappingKey,
)
from dlmskit.client.pkcs11.thread import on_token
from dlmskit.crypto.curves import CURVES, Curve
from dlmskit.crypto.ec_keys import PrivateKey, PublicKey
from dlmskit.crypto.provider import check_key_octets
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import Secret

_CURVES = {encode_named_curve_parameters(name): CURVES[ours] for name, ours in (("secp256r1", "P-256"), ("secp384r1", "P-384"))}
_PARAMETERS = {curve.name: parameters for parameters, curve in _CURVES.items()}


class TokenProvider:
    """An open token. Every operation waits for the one thread that speaks with tokens."""

    def __init__(self, library: str, token: str, pin: Secret) -> None:
        def work() -> Any:
            try:
                loaded = pkcs11.lib(library)
            except pkcs11.PKCS11Error as error:
                raise ConfigError(f"the PKCS#11 library cannot be loaded: {error}") from None
            return loaded.get_token(token_label=token).open(rw=True, user_pin=pin.reveal().decode())

        self._session = on_token(work)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an open token is not pickled")

    def close(self) -> None:
        """Log out. Keys without a label are gone with it."""
        on_token(self._session.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def cipher_key(self, octets: bytes, *, transferable: bool = False, label: str | None = None) -> TokenCipherKey:
        """A known key of 16 or 32 octets, brought in."""
        check_key_octets(octets)
        template = CIPHER | (WRAPPABLE if transferable else HIDDEN) | {Attribute.VALUE: octets}
        return TokenCipherKey(self._session, self._create(template, label), label, transferable=transferable)

    def generate_cipher_key(
        self, suite: SecuritySuite, *, transferable: bool = False, label: str | None = None
    ) -> TokenCipherKey:
        """A new key of the length of `suite`, made in the token."""
        template = CIPHER | (WRAPPABLE if transferable else HIDDEN) | self._label(label, ObjectClass.SECRET_KEY)
        bits = 8 * suite.key_octets
        key = on_token(lambda: self._session.generate_key(KeyType.AES, bits, template=template))
        return TokenCipherKey(self._session, key, label, transferable=transferable)

    def wrapping_key(self, octets: bytes, *, label: str | None = None) -> TokenWrappingKey:
        """A known master key, brought in."""
        check_key_octets(octets)
        template = WRAPPING | HIDDEN | {Attribute.VALUE: octets}
        return TokenWrappingKey(self._session, self._create(template, label), label)

    def generate_wrapping_key(self, *, label: str | None = None) -> TokenWrappingKey:
        """A new master key of 32 octets, made in the token."""
        template = WRAPPING | HIDDEN | self._label(label, ObjectClass.SECRET_KEY)
        key = on_token(lambda: self._session.generate_key(KeyType.AES, 256, template=template))
        return TokenWrappingKey(self._session, key, label)

    def signing_key(self, curve: Curve, octets: bytes, *, label: str | None = None) -> TokenSigner:
        """A known private key for signatures, brought in."""
        key, public = self._import_pair(curve, octets, SIGNS, label)
        return TokenSigner(self._session, key, public, label)

    def generate_signing_key(self, curve: Curve, *, label: str | None = None) -> TokenSigner:
        """A new one, made in the token."""
        key, public = self._generate_pair(curve, SIGNS, label)
        return TokenSigner(self._session, key, public, label)

    def agreement_key(self, curve: Curve, octets: bytes, *, label: str | None = None) -> TokenKeyAgreement:
        """A known private key for key agreement, brought in."""
        key, public = self._import_pair(curve, octets, AGREES, label)
        return TokenKeyAgreement(self._session, key, public, label)

    def generate_agreement_key(self, curve: Curve, *, label: str | None = None) -> TokenKeyAgreement:
        """A new one, made in the token."""
        key, public = self._generate_pair(curve, AGREES, label)
        return TokenKeyAgreement(self._session, key, public, label)

    def stored_cipher_key(self, label: str) -> TokenCipherKey:
        """A stored key by its label. Raises `SecurityError` (missing-key); so for the following."""
        key = self._find({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label, Attribute.ENCRYPT: True})
        transferable = on_token(lambda: bool(key[Attribute.EXTRACTABLE]))
        return TokenCipherKey(self._session, key, label, transferable=transferable)

    def stored_wrapping_key(self, label: str) -> TokenWrappingKey:
        """A stored master key."""
        key = self._find({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label, Attribute.WRAP: True})
        return TokenWrappingKey(self._session, key, label)

    def stored_signing_key(self, label: str) -> TokenSigner:
        """A stored private key for signatures."""
        key, public = self._find_pair(label, SIGNS)
        return TokenSigner(self._session, key, public, label)

    def stored_agreement_key(self, label: str) -> TokenKeyAgreement:
        """A stored private key for key agreement."""
        key, public = self._find_pair(label, AGREES)
        return TokenKeyAgreement(self._session, key, public, label)

    def _label(self, label: str | None, kind: ObjectClass) -> dict[Attribute, Any]:
        """What makes an object stored. A label is used once per kind of key, so that it always means one."""
        if label is None:
            return {}
        search = {Attribute.CLASS: kind, Attribute.LABEL: label}
        if on_token(lambda: any(True for _ in self._session.get_objects(search))):
            raise ConfigError(f"the token has a key labelled {label!r} already")
        return {Attribute.LABEL: label, Attribute.TOKEN: True}

    def _create(self, template: dict[Attribute, Any], label: str | None) -> Any:
        whole = template | self._label(label, template[Attribute.CLASS])
        return on_token(lambda: self._session.create_object(whole))

    def _find(self, template: dict[Attribute, Any]) -> Any:
        found = on_token(lambda: list(self._session.get_objects(template)))
        if len(found) != 1:
            raise SecurityError(SecurityReason.MISSING_KEY, f"{len(found)} keys with this label and use are in the token")
        return found[0]

    def _import_pair(self, curve: Curve, octets: bytes, use: dict[Attribute, Any], label: str | None) -> tuple[Any, PublicKey]:
        public = PrivateKey(curve, octets).public
        template = HIDDEN | use | {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.VALUE: octets}
        key = self._create(template | _ec(curve), label)
        if label is not None:
            point = b"\x04" + bytes((len(public.octets) + 1,)) + b"\x04" + public.octets
            half = _ec(curve) | {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.EC_POINT: point, Attribute.VERIFY: True}
            self._create(half, label)
        return key, public

    def _generate_pair(self, curve: Curve, use: dict[Attribute, Any], label: str | None) -> tuple[Any, PublicKey]:
        stored = self._label(label, ObjectClass.PRIVATE_KEY)
        shared = stored or {Attribute.TOKEN: False}

        def work() -> tuple[Any, bytes]:
            parameters = self._session.create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: _PARAMETERS[curve.name]}, local=True
            )  # fmt: skip
            half, key = parameters.generate_keypair(
                store=bool(stored),
                capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                public_template=shared | {Attribute.VERIFY: True},
                private_template=HIDDEN | use | shared,
            )
            point = bytes(half[Attribute.EC_POINT])
            if not stored:
                half.destroy()
            return key, point

        key, point = on_token(work)
        return key, _public(curve, point)

    def _find_pair(self, label: str, use: dict[Attribute, Any]) -> tuple[Any, PublicKey]:
        key = self._find({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label} | use)
        half = self._find({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: label})
        parameters, point = on_token(lambda: (bytes(half[Attribute.EC_PARAMS]), bytes(half[Attribute.EC_POINT])))
        curve = _CURVES.get(parameters)
        if curve is None:
            raise SecurityError(SecurityReason.PUBLIC_KEY_INVALID, "the key in the token is not on a curve of DLMS")
        return key, _public(curve, point)


def _ec(curve: Curve) -> dict[Attribute, Any]:
    return {Attribute.KEY_TYPE: KeyType.EC, Attribute.EC_PARAMS: _PARAMETERS[curve.name]}


def _public(curve: Curve, point: bytes) -> PublicKey:
    """From 04 || x || y, which some tokens give as it is and some in an OCTET STRING."""
    return PublicKey(curve, point[-curve.public_key_octets :])
