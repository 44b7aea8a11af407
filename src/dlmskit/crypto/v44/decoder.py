"""V.44 decoder: restores what any legal encoder made, within a limit of octets, and refuses everything else.

Bits fill each octet from the lowest upward. A code begins with 1 (codeword or control code), 0 (an octet as itself; 00 directly
after a codeword) or 01 (the codeword before goes on for n octets). Every code makes one string of the code before it and its
own first octet. The format gains at most 291 : 1, so the limit is checked before each copy; no declared size is believed.
"""

from __future__ import annotations

from dlmskit.crypto.v44.settings import (
    FIRST_CODEWORD,
    FIRST_CODEWORD_BITS,
    FLUSH,
    MOST_ORDINAL_BITS,
    REINIT,
    STEPUP,
    DecoderSettings,
    codeword_bits,
    long_extension_bits,
)
from dlmskit.errors import DecodeError

_DEFAULT = DecoderSettings()


def decompress(octets: bytes, most_octets: int, settings: DecoderSettings = _DEFAULT) -> bytes:
    """What `octets` was compressed from.

    Raises `DecodeError`: an illegal or cut code, no FLUSH at the end, something after it, or more than `most_octets` to come out.
    """
    decoder = _Decoder(octets, most_octets, settings)
    while decoder.take():
        pass
    return bytes(decoder.output)


class _Decoder:
    """State of one packet. The history is the output itself: after REINIT no string looks further back."""

    __slots__ = (
        "_at", "_bits", "_codeword_bits", "_due", "_end", "_extendable", "_length", "_long_bits", "_longest_string", "_most",
        "_most_codeword_bits", "_most_strings", "_octets", "_ordinal_bits", "_settings", "_stepping_up", "_strings", "output",
    )  # fmt: skip

    def __init__(self, octets: bytes, most_octets: int, settings: DecoderSettings) -> None:
        self.output = bytearray()
        self._octets = octets
        self._bits = 8 * len(octets)
        self._at = 0  # next bit
        self._most = most_octets
        self._settings = settings
        self._longest_string = settings.string_octets
        self._most_strings = settings.codewords - FIRST_CODEWORD
        self._most_codeword_bits = codeword_bits(settings.codewords)
        self._long_bits = long_extension_bits(settings.string_octets)
        self._strings: list[tuple[int, int]] = []  # by codeword - 4: where a string ends in the output (exclusive), its length
        self._reinit()

    def _reinit(self) -> None:
        self._strings.clear()
        self._codeword_bits = FIRST_CODEWORD_BITS
        self._ordinal_bits = self._settings.ordinal_bits
        self._due = 0  # length of the string that the next ordinal or codeword completes with its first octet; 0 for none
        self._extendable = False  # the last code was a codeword, which widens the prefix of the next
        self._end, self._length = 0, 0  # of that codeword
        self._stepping_up = False

    def take(self) -> bool:
        """Read one code; False when that was the end."""
        at = self._at
        word = int.from_bytes(self._octets[at >> 3 : (at >> 3) + 4], "little") >> (at & 7)
        if word & 1:
            if self._stepping_up:
                self._widen_codewords()
            bits = self._codeword_bits
            self._advance(1 + bits)
            value = word >> 1 & (1 << bits) - 1
            if value < FIRST_CODEWORD:
                return self._control(value)
            self._codeword(value - FIRST_CODEWORD)
            return True
        prefix = 1
        if self._extendable:
            if word & 2:
                self._extension(word >> 2)
                return True
            prefix = 2
        if self._ends_in_padding():
            return False
        if self._stepping_up:
            self._widen_ordinals()
        bits = self._ordinal_bits
        self._advance(prefix + bits)
        self._ordinal(word >> prefix & (1 << bits) - 1)
        return True

    def _ordinal(self, octet: int) -> None:
        start = len(self.output)
        if start >= self._most:
            raise self._too_much()
        if self._due:
            self._make_string(start + 1, self._due)
        self.output.append(octet)
        self._due = 2
        self._extendable = False

    def _codeword(self, number: int) -> None:
        output, start = self.output, len(self.output)
        known = len(self._strings)
        if self._due:
            self._make_string(start + 1, self._due)
        if number >= len(self._strings):
            raise self._wrong("a codeword that stands for nothing yet")
        self._end, self._length = end, length = self._strings[number]
        if start + length > self._most:
            raise self._too_much()
        if number < known:
            output += output[end - length : end]
        else:  # the string just made: the one before, and its own first octet once more
            output += output[start + 1 - length : start]
            output.append(output[start])
        self._due = length + 1
        self._extendable = True

    def _extension(self, word: int) -> None:
        count, bits = _extension_length(word, self._long_bits)
        self._advance(2 + bits)
        output, start, end = self.output, len(self.output), self._end
        length = self._length + count
        if length > self._longest_string:
            raise self._wrong(f"a string longer than {self._longest_string} octets")
        if start + count > self._most:
            raise self._too_much()
        source = output[end : end + count]
        output += source if len(source) == count else (source * (count // len(source) + 1))[:count]  # it repeats itself
        self._make_string(start + count, length)
        self._due = 0
        self._extendable = False

    def _make_string(self, end: int, length: int) -> None:
        if length <= self._longest_string and len(self._strings) < self._most_strings:
            self._strings.append((end, length))

    def _control(self, code: int) -> bool:
        self._extendable = False
        if code == STEPUP:
            self._stepping_up = True
            return True
        if code == REINIT:
            self._reinit()
            return True
        if code == FLUSH:
            self._check_end()
            return False
        raise self._wrong("transparent mode, which packets do not have")

    def _widen_codewords(self) -> None:
        self._stepping_up = False
        if self._codeword_bits >= self._most_codeword_bits:
            raise self._wrong(f"codewords of more than {self._most_codeword_bits} bits")
        self._codeword_bits += 1

    def _widen_ordinals(self) -> None:
        self._stepping_up = False
        if self._ordinal_bits >= MOST_ORDINAL_BITS:
            raise self._wrong("ordinals of more than 8 bits")
        self._ordinal_bits += 1

    def _advance(self, bits: int) -> None:
        """Go on behind a code."""
        self._at += bits
        if self._at > self._bits:
            raise self._wrong("the stream ends without FLUSH")

    def _ends_in_padding(self) -> bool:
        """Whether nothing is left but zero bits, too few for an ordinal, in a stream that needs no FLUSH."""
        if self._bits - self._at >= 8 or self._settings.require_flush or self._stepping_up:
            return False
        return self._at == self._bits or self._octets[-1] >> (self._at & 7) == 0

    def _check_end(self) -> None:
        if self._settings.ignore_after_flush:
            return
        used = -(-self._at // 8)
        if used < len(self._octets):
            raise DecodeError("V.44: octets after FLUSH", used)
        if self._at & 7 and self._octets[-1] >> (self._at & 7):
            raise self._wrong("padding after FLUSH that is not zero")

    def _too_much(self) -> DecodeError:
        return self._wrong(f"more than {self._most} octets come out of it")

    def _wrong(self, what: str) -> DecodeError:
        return DecodeError(f"V.44: {what}", min(self._at, self._bits) >> 3)


def _extension_length(word: int, long_bits: int) -> tuple[int, int]:
    """How many octets a string extension adds, and the bits it takes behind its prefix."""
    if word & 1:
        return 1, 1
    if short := word >> 1 & 3:
        return 1 + short, 3
    if word >> 3 & 1:
        return 13 + (word >> 4 & (1 << long_bits) - 1), 4 + long_bits
    return 5 + (word >> 4 & 7), 7
