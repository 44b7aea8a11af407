"""CoAP messages (RFC 7252, 3): header, token, options, payload.

Ver 01 | type 2 bits | token length 4 bits | code 8 | message id 16 | token | options | FF payload
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from dlmskit.errors import DecodeError, EncodeError

_MARKER = 0xFF
MOST_OPTIONS = 32


class Type(IntEnum):
    """Kinds of message."""

    CON = 0
    """Confirmable: repeated until it is acknowledged."""
    NON = 1
    ACK = 2
    RST = 3


class Code(IntEnum):
    """The codes that we use; others are numbers."""

    EMPTY = 0x00
    POST = 0x02
    CHANGED = 0x44
    CONTINUE = 0x5F
    BAD_OPTION = 0x82
    NOT_FOUND = 0x84
    METHOD_NOT_ALLOWED = 0x85
    REQUEST_ENTITY_INCOMPLETE = 0x88
    REQUEST_ENTITY_TOO_LARGE = 0x8D


class Option(IntEnum):
    """The options that we use."""

    URI_HOST = 3
    URI_PORT = 7
    URI_PATH = 11
    CONTENT_FORMAT = 12
    URI_QUERY = 15
    BLOCK2 = 23
    BLOCK1 = 27
    SIZE2 = 28
    SIZE1 = 60


KNOWN = frozenset(Option)
OCTET_STREAM = 42
"""Content format application/octet-stream."""


class Block(msgspec.Struct, frozen=True):
    """Value of Block1 and Block2 (RFC 7959, 2.2)."""

    number: int
    more: bool
    size_exponent: int
    """0 to 6: blocks of 16 to 1024 octets."""

    @property
    def size(self) -> int:
        """Octets of a full block."""
        return 16 << self.size_exponent

    def encode(self) -> bytes:
        """Option value."""
        return encode_uint(self.number << 4 | self.more << 3 | self.size_exponent)


def decode_block(value: bytes) -> Block:
    """Read an option value. Raises DecodeError."""
    if len(value) > 3:
        raise DecodeError("a block option has at most three octets", 0, "coap.block")
    number = int.from_bytes(value)
    if number & 7 == 7:
        raise DecodeError("block size 7 is reserved", 0, "coap.block")
    return Block(number >> 4, bool(number & 8), number & 7)


def encode_uint(value: int) -> bytes:
    """Option value of a number: no leading zeros, so none at all for 0."""
    return value.to_bytes((value.bit_length() + 7) // 8)


class Message(msgspec.Struct, frozen=True):
    """One message."""

    type: Type
    code: int
    message_id: int
    token: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()
    """In ascending order of their numbers."""
    payload: bytes = b""

    def all(self, number: int) -> tuple[bytes, ...]:
        """The values of an option that may be repeated."""
        return tuple(value for which, value in self.options if which == number)

    def block(self, number: int) -> Block | None:
        """Block1 or Block2. Raises DecodeError."""
        found = self.all(number)
        return decode_block(found[0]) if found else None

    @property
    def is_request(self) -> bool:
        """Class 0, and not empty."""
        return 0 < self.code < 0x20

    @property
    def is_response(self) -> bool:
        """Classes 2 to 5."""
        return self.code >= 0x40

    @property
    def unknown_critical(self) -> bool:
        """An option that must be understood and is not: odd numbers are critical."""
        return any(number & 1 and number not in KNOWN for number, _ in self.options)

    def encode(self) -> bytes:
        """Its octets. Raises EncodeError."""
        if len(self.token) > 8:
            raise EncodeError(f"a token has at most 8 octets, not {len(self.token)}")
        head = bytes((1 << 6 | self.type << 4 | len(self.token), self.code)) + self.message_id.to_bytes(2) + self.token
        octets, before = bytearray(head), 0
        for number, value in self.options:
            delta, delta_more = _nibble(number - before)
            length, length_more = _nibble(len(value))
            octets += bytes((delta << 4 | length,)) + delta_more + length_more + value
            before = number
        return bytes(octets) + (bytes((_MARKER,)) + self.payload if self.payload else b"")


def decode_message(octets: bytes) -> Message:
    """Read a message. Raises DecodeError for what RFC 7252 calls a format error."""
    if len(octets) < 4 or octets[0] >> 6 != 1:
        raise DecodeError("this is no CoAP of version 1", 0, "coap")
    token_length, code = octets[0] & 15, octets[1]
    at = 4 + token_length
    if token_length > 8 or len(octets) < at:
        raise DecodeError(f"a token of {token_length} octets", 0, "coap.token")
    if code == Code.EMPTY and len(octets) > 4:
        raise DecodeError("an empty message with something in it", 4, "coap")
    if 0x20 <= code < 0x40 or code >= 0xC0:
        raise DecodeError(f"code {code >> 5}.{code & 31:02} is reserved", 1, "coap.code")
    options: list[tuple[int, bytes]] = []
    number = 0
    while at < len(octets) and octets[at] != _MARKER:
        if len(options) >= MOST_OPTIONS:
            raise DecodeError(f"more than {MOST_OPTIONS} options", at, "coap.options")
        header, at = octets[at], at + 1
        delta, at = _extended(header >> 4, octets, at)
        length, at = _extended(header & 15, octets, at)
        number += delta
        if number > 0xFFFF or at + length > len(octets):
            raise DecodeError(f"option {number} of {length} octets", at, "coap.options")
        options.append((number, octets[at : at + length]))
        at += length
    if len(octets) == at + 1:
        raise DecodeError("a payload marker without payload", at, "coap.payload")
    message_id = int.from_bytes(octets[2:4])
    return Message(Type(octets[0] >> 4 & 3), code, message_id, octets[4 : 4 + token_length], tuple(options), octets[at + 1 :])


def _nibble(value: int) -> tuple[int, bytes]:
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes((value - 13,))
    return 14, (value - 269).to_bytes(2)


def _extended(nibble: int, octets: bytes, at: int) -> tuple[int, int]:
    size = {13: 1, 14: 2}.get(nibble, 0)
    if nibble == 15 or at + size > len(octets):
        raise DecodeError("an option header that is broken off", at, "coap.options")
    if not size:
        return nibble, at
    return int.from_bytes(octets[at : at + size]) + (13 if size == 1 else 269), at + size
