"""Keys in a token as handles: each holds the object that the token knows, and none of its octets.

Hashing and key derivation happen here, because tokens know neither the hashes of DLMS as one step nor its KDF. A handle that is
no longer used gives its object back, unless the key is stored.
"""

from __future__ import annotations

import hashlib
import weakref
from functools import cached_property
from hmac import compare_digest
from typing import Any, NoReturn

from pkcs11 import KDF, Attribute, KeyType, Mechanism, ObjectClass, exceptions
from pkcs11.mechanisms import GCMParams

from dlmskit.client.pkcs11.thread import on_token, when_idle
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.gcm import TAG_OCTETS, Mode
from dlmskit.crypto.kdf import derive_key
from dlmskit.crypto.keywrap import KEY_OCTETS
from dlmskit.crypto.provider import CipherKey, check_key_octets, not_transferable
from dlmskit.crypto.suites import SecuritySuite
from dlmskit.errors import SecurityError, SecurityReason

# What is not said of a key, a token may take as allowed: so every use is said.
_NO_USE = dict.fromkeys(
    (Attribute.ENCRYPT, Attribute.DECRYPT, Attribute.SIGN, Attribute.VERIFY, Attribute.WRAP, Attribute.UNWRAP, Attribute.DERIVE),
    False,
)
_AES = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}
CIPHER = _AES | _NO_USE | {Attribute.ENCRYPT: True, Attribute.DECRYPT: True}
WRAPPING = _AES | _NO_USE | {Attribute.WRAP: True, Attribute.UNWRAP: True}
SIGNS = {Attribute.SIGN: True, Attribute.DERIVE: False, Attribute.DECRYPT: False, Attribute.UNWRAP: False}
AGREES = SIGNS | {Attribute.DERIVE: True}
"""A key agreement key signs one request for its certificate, and is told from a signing key by what else it may do."""
HIDDEN = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.TOKEN: False}
WRAPPABLE = HIDDEN | {Attribute.EXTRACTABLE: True}
"""Leaves wrapped, never in clear."""
OPEN = {Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True, Attribute.TOKEN: False}
"""For what is in clear in this process anyway."""


class TokenKey:
    """What all handles share."""

    def __init__(self, session: Any, key: Any, label: str | None = None) -> None:
        self._session = session
        self._key = key
        self.label = label
        """What it is stored under in the token; None for a key that lives as long as its handle."""
        if label is None:
            weakref.finalize(self, when_idle, key.destroy).atexit = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key in a token is not pickled")


class TokenSymmetricKey(TokenKey):
    """A key of AES."""

    @cached_property
    def key_octets(self) -> int:
        """Its length."""
        return on_token(lambda: int(self._key[Attribute.VALUE_LEN]))


class TokenCipherKey(TokenSymmetricKey):
    """A block cipher key."""

    def __init__(self, session: Any, key: Any, label: str | None = None, *, transferable: bool = False) -> None:
        super().__init__(session, key, label)
        self.transferable = transferable

    def authenticated_encryption(self, fixed_field: bytes, aad: bytes) -> Mode:
        """AES-GCM with the tag of 12 octets."""

        def protect(invocation_field: bytes, text: bytes) -> bytes:
            return self._encrypt(fixed_field + invocation_field, text, aad)

        def unprotect(invocation_field: bytes, protected: bytes) -> bytes | None:
            return self._decrypt(fixed_field + invocation_field, protected, aad)

        return Mode(protect, unprotect)

    def authentication(self, fixed_field: bytes, aad: bytes) -> Mode:
        """GMAC: a tag over `aad` and a text that stays readable."""

        def protect(invocation_field: bytes, text: bytes) -> bytes:
            return text + self._encrypt(fixed_field + invocation_field, b"", aad + text)

        def unprotect(invocation_field: bytes, protected: bytes) -> bytes | None:
            if len(protected) < TAG_OCTETS:
                return None
            text, tag = protected[:-TAG_OCTETS], protected[-TAG_OCTETS:]
            return text if compare_digest(self._encrypt(fixed_field + invocation_field, b"", aad + text), tag) else None

        return Mode(protect, unprotect)

    def encryption(self, fixed_field: bytes) -> Mode:
        """Counter mode, which is its own inverse: the tag that comes along is dropped."""

        def counter_mode(invocation_field: bytes, text: bytes) -> bytes:
            return self._encrypt(fixed_field + invocation_field, text, b"")[:-TAG_OCTETS]

        return Mode(counter_mode, counter_mode)

    def wrapped_under(self, kek: Any, session: Any) -> bytes:
        """For `TokenWrappingKey`: the key leaves wrapped, if at all."""
        if not self.transferable or session is not self._session:
            raise not_transferable()
        return on_token(lambda: bytes(kek.wrap_key(self._key, mechanism=Mechanism.AES_KEY_WRAP)))

    def _encrypt(self, iv: bytes, text: bytes, aad: bytes) -> bytes:
        parameters = GCMParams(iv, aad, 8 * TAG_OCTETS)
        return on_token(lambda: bytes(self._key.encrypt(text, mechanism=Mechanism.AES_GCM, mechanism_param=parameters)))

    def _decrypt(self, iv: bytes, protected: bytes, aad: bytes) -> bytes | None:
        if len(protected) < TAG_OCTETS:
            return None
        parameters = GCMParams(iv, aad, 8 * TAG_OCTETS)

        def work() -> bytes | None:
            try:
                return bytes(self._key.decrypt(protected, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))
            except exceptions.PKCS11Error:
                self._session.generate_random(64)  # a token that still works has refused the data, whatever it calls that
                return None

        return on_token(work)


class TokenWrappingKey(TokenSymmetricKey):
    """A master key."""

    def wrap(self, key: CipherKey) -> bytes:
        """A transferable key of the same token."""
        if not isinstance(key, TokenCipherKey):
            raise not_transferable()
        return key.wrapped_under(self._key, self._session)

    def unwrap(self, wrapped: bytes) -> TokenCipherKey:
        """The key inside, which stays in the token."""
        return TokenCipherKey(self._session, self._unwrapped(wrapped, HIDDEN))

    def wrap_octets(self, key: bytes) -> bytes:
        """A key known by its octets: it is in the token for the moment of wrapping."""
        check_key_octets(key)

        def work() -> bytes:
            guest = self._session.create_object(CIPHER | OPEN | {Attribute.VALUE: key})
            try:
                return bytes(self._key.wrap_key(guest, mechanism=Mechanism.AES_KEY_WRAP))
            finally:
                guest.destroy()

        return on_token(work)

    def unwrap_octets(self, wrapped: bytes) -> bytes:
        """The octets inside."""
        guest = self._unwrapped(wrapped, OPEN)

        def work() -> bytes:
            try:
                return bytes(guest[Attribute.VALUE])
            finally:
                guest.destroy()

        return on_token(work)

    def _unwrapped(self, wrapped: bytes, template: dict[Attribute, Any]) -> Any:
        if len(wrapped) - 8 not in KEY_OCTETS:
            raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, "a wrapped key has 24 or 40 octets")

        def work() -> Any:
            try:
                return self._key.unwrap_key(
                    ObjectClass.SECRET_KEY, KeyType.AES, wrapped, mechanism=Mechanism.AES_KEY_WRAP, template=CIPHER | template
                )
            except exceptions.PKCS11Error:
                self._session.generate_random(64)  # as in _decrypt
                message = "the wrapped key does not belong to this master key"
                raise SecurityError(SecurityReason.DECIPHERING_FAILED, message) from None

        return on_token(work)


class TokenPrivateKey(TokenKey):
    """A private key with its public half, which is known outside."""

    def __init__(self, session: Any, key: Any, public: PublicKey, label: str | None = None) -> None:
        super().__init__(session, key, label)
        self.public = public

    def _sign(self, message: bytes) -> bytes:
        digest = hashlib.new(self.public.curve.hash.name, message).digest()
        return on_token(lambda: bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.public.curve.name}, ...)"


class TokenSigner(TokenPrivateKey):
    """A private key for signatures."""

    def sign(self, message: bytes) -> bytes:
        """r || s, with a random number of the token."""
        return self._sign(message)


class TokenKeyAgreement(TokenPrivateKey):
    """A private key for key agreement."""

    def derive(self, peer: PublicKey, suite: SecuritySuite, other_information: bytes) -> bytes:
        """The key of `suite` agreed with `peer`."""
        curve = self.public.curve
        if peer.curve != curve:
            message = f"keys on {curve.name} and {peer.curve.name} do not agree on anything"
            raise SecurityError(SecurityReason.PUBLIC_KEY_INVALID, message)

        def work() -> bytes:
            shared = self._key.derive_key(
                KeyType.GENERIC_SECRET,
                8 * curve.coordinate_octets,
                mechanism=Mechanism.ECDH1_DERIVE,
                mechanism_param=(KDF.NULL, None, b"\x04" + peer.octets),
                template=OPEN,
            )
            try:
                return bytes(shared[Attribute.VALUE])
            finally:
                shared.destroy()

        return derive_key(suite, on_token(work), other_information)

    def prove_possession(self, request: bytes) -> bytes:
        """r || s over a certificate request for this key."""
        return self._sign(request)
