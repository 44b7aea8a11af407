"""Transfer protocol data units of short messages (3GPP TS 23.040), as a modem in PDU mode takes and gives them: 8-bit data alone.

    sent      SMSC 00 | 11 or 51 | reference 00 | number | PID 00 | DCS 04 | validity | length | user data    SMS-SUBMIT
    received  SMSC .. | 04 or 44 ..| number | PID | DCS | time stamp 7 | length | user data                   SMS-DELIVER

The bit 40 of the first octet (UDHI) says that the user data begin with a header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.sms import MESSAGE_OCTETS

_SUBMIT, _DELIVER, _TYPE_BITS = 0x01, 0x00, 0x03
_RELATIVE_VALIDITY = 0x10
_HEADER = 0x40
_INTERNATIONAL, _UNKNOWN = 0x91, 0x81
_EIGHT_BITS = 0x04
"""Data coding scheme: 8-bit data without a class."""
_ONE_DAY = 0xA7
"""Validity of 24 hours: a reading that is older is overtaken by the next one."""
_DIGITS = "0123456789*#abc"
_NUMBER = re.compile(r"(\+?)([0-9]{3,20})")
_STAMP_OCTETS = 7
_PLACE = "tpdu"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A binary message that came."""

    number: str
    """Of the sender; ``+`` in front where it is an international one. It is no authentication."""
    user_data: bytes
    header: bool
    """The user data begin with a header."""


def is_number(text: str) -> bool:
    """Whether this is a telephone number: 3 to 20 digits, with ``+`` in front where the country code is there."""
    return _NUMBER.fullmatch(text) is not None


def encode_submit(number: str, user_data: bytes, *, header: bool) -> bytes:
    """SMS-SUBMIT, with the empty address of the messaging centre in front: the SIM knows it. Raises EncodeError."""
    found = _NUMBER.fullmatch(number)
    if found is None:
        raise EncodeError(f"{number!r} is no telephone number: 3 to 20 digits, with + and country code")
    if not 0 < len(user_data) <= MESSAGE_OCTETS:
        raise EncodeError(f"a short message has 1 to {MESSAGE_OCTETS} octets, not {len(user_data)}")
    plus, digits = found.groups()
    first = _SUBMIT | _RELATIVE_VALIDITY | (_HEADER if header else 0)
    address = bytes((len(digits), _INTERNATIONAL if plus else _UNKNOWN)) + _swapped(digits)
    return bytes((0, first, 0)) + address + bytes((0, _EIGHT_BITS, _ONE_DAY, len(user_data))) + user_data


def decode_deliver(octets: bytes) -> Delivered:
    """SMS-DELIVER, behind the address of the messaging centre. Raises DecodeError, also for a text: that is not for us."""
    take = _Taking(octets)
    take.some(take.octet())
    first = take.octet()
    if first & _TYPE_BITS != _DELIVER:
        raise DecodeError("no message that was delivered", take.at - 1, _PLACE)
    number = _number(take)
    take.octet()
    coding = take.octet()
    if not _is_binary(coding):
        raise DecodeError(f"data coding {coding:02X}: a text, no 8-bit data", take.at - 1, _PLACE)
    take.some(_STAMP_OCTETS)
    user_data = take.some(take.octet())
    if take.at != len(octets) or not user_data or len(user_data) > MESSAGE_OCTETS:
        raise DecodeError(f"{len(user_data)} octets of user data in {len(octets)}", take.at, _PLACE)
    return Delivered(number, user_data, bool(first & _HEADER))


class _Taking:
    """Octets that are taken from the front."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self.at = 0

    def some(self, count: int) -> bytes:
        """So many; raises DecodeError where they are not there."""
        if self.at + count > len(self._octets):
            raise DecodeError(f"{count} octets are expected, {len(self._octets) - self.at} are left", self.at, _PLACE)
        self.at += count
        return self._octets[self.at - count : self.at]

    def octet(self) -> int:
        """One, as a number."""
        return self.some(1)[0]


def _number(take: _Taking) -> str:
    digits, kind = take.octet(), take.octet()
    octets = take.some((digits + 1) // 2)
    nibbles = [nibble for octet in octets for nibble in (octet & 0x0F, octet >> 4)][:digits]
    if kind & 0x70 == 0x50:  # letters; nobody answers them
        return f"0x{octets.hex()}"
    if any(nibble >= len(_DIGITS) for nibble in nibbles):
        raise DecodeError("a number with a digit that is none", take.at - len(octets), _PLACE)
    return ("+" if kind & 0x70 == 0x10 else "") + "".join(_DIGITS[nibble] for nibble in nibbles)


def _is_binary(coding: int) -> bool:
    """8-bit data without compression, of the general group or of the group with classes (TS 23.038)."""
    if coding & 0xC0 == 0:
        return coding & 0x2C == _EIGHT_BITS
    return coding & 0xF4 == 0xF4


def _swapped(digits: str) -> bytes:
    """Two digits in an octet, the first one below."""
    padded = digits + "F" * (len(digits) % 2)
    return bytes.fromhex("".join(padded[at + 1] + padded[at] for at in range(0, len(padded), 2)))
