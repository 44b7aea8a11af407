"""AES-GCM with the 96-bit tag of DLMS (NIST SP 800-38D; Green Book, 9.2.3.3): encrypt and authenticate, or one of them.

**How a tag of 12 octets is checked.** The one-shot `AESGCM` object is the fastest door to OpenSSL, but its `decrypt`
insists on 16 octets of tag. GCM encrypts in counter mode, which is its own inverse: *encrypting the received ciphertext* under
the same key and IV gives the plain text (and a meaningless tag that is dropped). Encrypting that text gives the
ciphertext again and with it the tag that an honest sender must have made; its first 12 octets are compared with the
received ones in constant time. Two calls of 0.45 us beat the 3.3 us of the streaming interface.

Its limits: the block cipher runs twice, so above 32 KiB the streaming interface (`min_tag_length=12`) is used; the text
exists inside the function before it is verified, as in every implementation of GCM, so nothing leaves the function before
the comparison; and no IV is ever drawn here: that it is new for every protection is the business of the counters.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import NamedTuple, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TAG_OCTETS = 12
TWO_CALLS_UP_TO = 32 * 1024
"""Octets of ciphertext above which one pass of the streaming interface is quicker than two one-shot calls."""

_TWO_CALLS_MOST = TWO_CALLS_UP_TO + TAG_OCTETS
_CUT = TAG_OCTETS - 16
_TAG = slice(-16, _CUT)
_SENT_TAG = slice(-TAG_OCTETS, None)
_TEXT = slice(None, -16 - TAG_OCTETS)


class Mode(NamedTuple):
    """One way to use a key, for one sender. Both functions take the invocation field, the last 4 octets of the IV, first."""

    protect: Callable[[bytes, bytes], bytes]
    """(invocation field, text) -> what is sent."""
    unprotect: Callable[[bytes, bytes], bytes | None]
    """(invocation field, what was sent) -> text; None where the tag is wrong or not whole, so that no frame of a
    traceback holds a key or an unverified text."""


class GcmKey:
    """One AES key of 16 or 32 octets with its key schedule, made once and used for every message.

    The fixed field (8 octets, the sender's system title) and what is authenticated beside the text are bound once per
    mode, because they are the same for every message; this is what makes protecting cheap.
    """

    __slots__ = ("_encrypt", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._encrypt = AESGCM(key).encrypt

    @property
    def key_octets(self) -> int:
        """Its length."""
        return len(self._key)

    def authenticated_encryption(self, fixed_field: bytes, aad: bytes) -> Mode:
        """Text becomes ciphertext || tag; the tag covers ``aad`` and the text."""
        encrypt = self._encrypt

        def protect(invocation_field: bytes, text: bytes) -> bytes:
            return encrypt(fixed_field + invocation_field, text, aad)[:_CUT]

        def unprotect(invocation_field: bytes, protected: bytes) -> bytes | None:
            if not TAG_OCTETS <= len(protected) <= _TWO_CALLS_MOST:
                return self._unprotect_streaming(fixed_field + invocation_field, protected, aad)
            iv = fixed_field + invocation_field
            text = encrypt(iv, protected, None)[_TEXT]
            return text if compare_digest(encrypt(iv, text, aad)[_TAG], protected[_SENT_TAG]) else None

        return Mode(protect, unprotect)

    def authentication(self, fixed_field: bytes, aad: bytes) -> Mode:
        """Text stays readable and gets a tag (GMAC) over ``aad`` and itself."""
        encrypt = self._encrypt

        def protect(invocation_field: bytes, text: bytes) -> bytes:
            return text + encrypt(fixed_field + invocation_field, b"", aad + text)[:_CUT]

        def unprotect(invocation_field: bytes, protected: bytes) -> bytes | None:
            text, tag = protected[:-TAG_OCTETS], protected[-TAG_OCTETS:]
            return text if compare_digest(encrypt(fixed_field + invocation_field, b"", aad + text)[:_CUT], tag) else None

        return Mode(protect, unprotect)

    def encryption(self, fixed_field: bytes) -> Mode:
        """Text becomes ciphertext of the same length, without a tag: whoever has it under way can change it."""
        encrypt = self._encrypt

        def counter_mode(invocation_field: bytes, text: bytes) -> bytes:
            return encrypt(fixed_field + invocation_field, text, None)[:-16]

        return Mode(counter_mode, counter_mode)

    def _unprotect_streaming(self, iv: bytes, protected: bytes, aad: bytes) -> bytes | None:
        tag = protected[-TAG_OCTETS:]
        if len(tag) != TAG_OCTETS:
            return None
        decryptor = Cipher(algorithms.AES(self._key), modes.GCM(iv, tag, min_tag_length=TAG_OCTETS)).decryptor()
        decryptor.authenticate_additional_data(aad)
        text = decryptor.update(memoryview(protected)[:-TAG_OCTETS])
        try:
            return text + decryptor.finalize()
        except InvalidTag:
            return None

    def __repr__(self) -> str:
        return "GcmKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")
