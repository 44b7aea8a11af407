"""Bit strings: the values of COSEM bit-string data and of the ACSE bit strings. Bit 0 is the most significant bit of octet 0."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Self

from dlmskit.errors import ConfigError, DecodeError

_BITS = re.compile(r"[01]*")


class BitString:
    """An immutable row of bits, written as text of 0 and 1 with bit 0 first. ConfigError for any other text."""

    __slots__ = ("_text",)

    def __init__(self, bits: str = "") -> None:
        if not _BITS.fullmatch(bits):
            raise ConfigError(f"not a bit string: {bits[:40]!r}; write it in the digits 0 and 1")
        self._text = bits

    @classmethod
    def from_octets(cls, octets: bytes, bits: int) -> Self:
        """The first ``bits`` bits of ``octets``. DecodeError unless they take exactly these octets; unused bits are dropped."""
        if bits < 0 or (bits + 7) // 8 != len(octets):
            raise DecodeError(f"a bit string of {bits} bits does not take {len(octets)} octets")
        return cls(f"{int.from_bytes(octets):0{8 * len(octets)}b}"[:bits] if bits else "")

    @classmethod
    def from_int(cls, number: int, bits: int) -> Self:
        """``number`` in ``bits`` bits, its least significant bit last. ConfigError when it does not fit."""
        if number < 0 or bits < 0 or number >> bits:
            raise ConfigError(f"{number} does not fit {bits} bits")
        return cls(f"{number:0{bits}b}" if bits else "")

    def octets(self) -> bytes:
        """The bits in as few octets as hold them; unused bits of the last octet are 0."""
        if not self._text:
            return b""
        size = (len(self._text) + 7) // 8
        return (int(self._text, 2) << (8 * size - len(self._text))).to_bytes(size)

    def positions(self) -> tuple[int, ...]:
        """The numbers of the bits that are set."""
        return tuple(at for at, bit in enumerate(self._text) if bit == "1")

    def __int__(self) -> int:
        return int(self._text, 2) if self._text else 0

    def __len__(self) -> int:
        return len(self._text)

    def __getitem__(self, at: int) -> bool:
        return self._text[at] == "1"

    def __iter__(self) -> Iterator[bool]:
        return (bit == "1" for bit in self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, BitString) else NotImplemented

    def __hash__(self) -> int:
        return hash((BitString, self._text))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return (
            f"BitString('{self._text}')"
            if len(self._text) <= 64
            else f"BitString('{self._text[:61]}...', {len(self._text)} bits)"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return BitString, (self._text,)
