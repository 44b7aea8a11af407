"""The bare library call underneath: what our own work costs on top of it."""

from __future__ import annotations

import binascii

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NAME = "bare call"


def FCS_16(material):
    octets = material["octets"]
    return lambda: binascii.crc_hqx(octets, 0xFFFF)


def protect(material):
    encrypt, plain = AESGCM(material["guek"]).encrypt, material["plain"]
    iv, aad = bytes(12), bytes(17)
    return lambda: encrypt(iv, plain, aad)


unprotect = protect


def session_in_memory(material):
    encrypt = AESGCM(material["guek"]).encrypt
    iv, aad = bytes(12), bytes(17)
    texts = [bytes(size) for size in material["sizes"]]

    def work():
        for text in texts:
            encrypt(iv, text, aad)

    return work


def protect_form(material):
    """The calls of the library that the form cannot do without, one after the other."""
    works = [_call(name, size, material) for name, size in material["calls"]]
    if len(works) == 1:
        return works[0]

    def work():
        for one in works:
            one()

    return work


unprotect_form = protect_form


def _call(name, size, material):
    if name == "encrypt":
        encrypt, text, iv, aad = AESGCM(material["guek"]).encrypt, bytes(size), bytes(12), bytes(17)
        return lambda: encrypt(iv, text, aad)
    if name in ("wrap", "unwrap"):
        kek, key = material["gak"], material["guek"]
        wrapped = keywrap.aes_key_wrap(kek, key)
        return (lambda: keywrap.aes_key_wrap(kek, key)) if name == "wrap" else lambda: keywrap.aes_key_unwrap(kek, wrapped)
    curve, digest = {"P-256": (ec.SECP256R1(), hashes.SHA256()), "P-384": (ec.SECP384R1(), hashes.SHA384())}[material["curve"]]
    private, ecdsa, message = ec.generate_private_key(curve), ec.ECDSA(digest), material["plain"]
    public, signature = private.public_key(), private.sign(message, ecdsa)
    return {
        "generate": lambda: ec.generate_private_key(curve),
        "exchange": lambda: private.exchange(ec.ECDH(), public),
        "sign": lambda: private.sign(message, ecdsa),
        "verify": lambda: public.verify(signature, message, ecdsa),
    }[name]
