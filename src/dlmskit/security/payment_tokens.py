"""Payment tokens for meters without IEC 62055-41: an amount for one meter, authenticated, taken once.

The standard leaves the format of tokens to the meter. This one has 21 octets: the version 01, a number (4 octets), an amount (4
octets, in amounts of the account), and a tag of 12 octets: GMAC over the nine octets before it, under a key that meter and vendor
share, with the system title of the meter and the number as IV. Whoever makes tokens gives each a number of its own: with the same
number twice, the key must be thought of as known.
"""

from __future__ import annotations

from typing import NamedTuple

from dlmskit.crypto.gcm import TAG_OCTETS, GcmKey, Mode
from dlmskit.errors import ConfigError, DecodeError, SecurityError, SecurityReason
from dlmskit.security.keys import Secret
from dlmskit.types.system_title import SystemTitle

VERSION = b"\x01"
OCTETS = 9 + TAG_OCTETS
LARGEST_AMOUNT = 0x7FFF_FFFF
KEY_OCTETS = 16


class PaymentToken(NamedTuple):
    """What a genuine token says."""

    number: int
    amount: int
    """In amounts of the account: hundredths of the currency, with a currency_scale of -2."""


def make_token(key: Secret, title: SystemTitle, number: int, amount: int) -> bytes:
    """A token for one meter. Raises ConfigError for a number or an amount that it cannot hold."""
    if not 0 < number <= 0xFFFF_FFFF or not 0 < amount <= LARGEST_AMOUNT:
        raise ConfigError(f"a token has a number from 1 to {0xFFFF_FFFF} and an amount from 1 to {LARGEST_AMOUNT}")
    field = number.to_bytes(4)
    return _mode(key, title).protect(field, VERSION + field + amount.to_bytes(4))


def read_token(key: Secret, title: SystemTitle, token: bytes) -> PaymentToken:
    """What a token says. Raises DecodeError for what is no token, `SecurityError` (deciphering-failed) for a wrong tag."""
    if len(token) != OCTETS or token[:1] != VERSION:
        raise DecodeError(f"a payment token has {OCTETS} octets and begins with {VERSION.hex()}", path="token")
    text = _mode(key, title).unprotect(token[1:5], token)
    if text is None:
        raise SecurityError(SecurityReason.DECIPHERING_FAILED, "the token was not made for this meter, or not with its key")
    found = PaymentToken(int.from_bytes(text[1:5]), int.from_bytes(text[5:9]))
    if not found.number or not 0 < found.amount <= LARGEST_AMOUNT:
        raise DecodeError("a token with no number or no amount", path="token")
    return found


def token_key(text: str) -> Secret:
    """The key from hexadecimal digits. Raises ConfigError for another length."""
    key = Secret.from_hex(text)
    if len(key.reveal()) != KEY_OCTETS:
        raise ConfigError(f"a token key has {KEY_OCTETS} octets")
    return key


def _mode(key: Secret, title: SystemTitle) -> Mode:
    return GcmKey(key.reveal()).authentication(title.octets, b"dlmskit payment token")
