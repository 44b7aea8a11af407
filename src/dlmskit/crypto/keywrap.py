"""AES key wrap with the default initial value (RFC 3394), as key_transfer and wrapped key-info use it.

Stricter than the primitive: a DLMS key has 16 or 32 octets, so anything else is refused on both ways.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from dlmskit.errors import SecurityError, SecurityReason

KEY_OCTETS = (16, 32)


def wrap_key(kek: bytes, key: bytes) -> bytes:
    """Wrap `key` under `kek`: 8 octets longer. Raises `SecurityError` (wrong-key-length)."""
    if len(kek) not in KEY_OCTETS or len(key) not in KEY_OCTETS:
        del kek, key
        raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, "a key to wrap and its master key have 16 or 32 octets")
    return aes_key_wrap(kek, key)


def unwrap_key(kek: bytes, wrapped: bytes) -> bytes:
    """Unwrap 24 or 40 octets under `kek`.

    Raises `SecurityError`: wrong-key-length, or deciphering-failed where the master key is another one or a bit was changed.
    """
    if len(kek) not in KEY_OCTETS or len(wrapped) - 8 not in KEY_OCTETS:
        del kek
        raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, "a wrapped key has 24 or 40 octets, its master key 16 or 32")
    key = _unwrapped(kek, wrapped)
    if key is None:
        del kek
        raise SecurityError(SecurityReason.DECIPHERING_FAILED, "the wrapped key does not belong to this master key")
    return key


def _unwrapped(kek: bytes, wrapped: bytes) -> bytes | None:
    try:
        return aes_key_unwrap(kek, wrapped)
    except InvalidUnwrap:
        return None
