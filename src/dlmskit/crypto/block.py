"""AES on single blocks, without any mode: for the challenge of a manufacturer's authentication, and for nothing else.

Equal blocks give equal results, so it hides nothing about a message. Messages are protected with `gcm`, keys with `keywrap`.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from dlmskit.errors import SecurityError, SecurityReason

BLOCK_OCTETS = 16
KEY_OCTETS = (16, 32)


def encrypt_blocks(key: bytes, blocks: bytes) -> bytes:
    """Each block of 16 octets on its own. Raises `SecurityError` (wrong-key-length) for another key, or a part of a block."""
    if len(key) not in KEY_OCTETS or len(blocks) % BLOCK_OCTETS:
        del key
        raise SecurityError(SecurityReason.WRONG_KEY_LENGTH, "single blocks need a key of 16 or 32 octets, and whole blocks")
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  what some meters compute, see above
    return encryptor.update(blocks) + encryptor.finalize()
