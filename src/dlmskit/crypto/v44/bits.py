"""The codes of V.44 as bits, lowest first: prefixes, growing sizes, control codes. The reading side is in `decoder`."""

from __future__ import annotations

from dlmskit.crypto.v44.settings import FIRST_CODEWORD_BITS, FLUSH, REINIT, STEPUP, long_extension_bits


class BitWriter:
    """Writes codes, and sends STEPUP where one no longer fits."""

    def __init__(self, ordinal_bits: int) -> None:
        self._octets = bytearray()
        self._held = 0
        self._count = 0
        self._first_ordinal_bits = self._ordinal_bits = ordinal_bits
        self._codeword_bits = FIRST_CODEWORD_BITS
        self._after_codeword = False

    def ordinal(self, octet: int) -> None:
        """An octet as itself."""
        if octet >> self._ordinal_bits:
            self._control(STEPUP)
            self._ordinal_bits += 1
        prefix = 2 if self._after_codeword else 1
        self._put(octet << prefix, prefix + self._ordinal_bits)
        self._after_codeword = False

    def codeword(self, number: int) -> None:
        """A known string."""
        while number >> self._codeword_bits:
            self._control(STEPUP)
            self._codeword_bits += 1
        self._put(number << 1 | 1, 1 + self._codeword_bits)
        self._after_codeword = True

    def extension(self, length: int, string_octets: int) -> None:
        """How many octets further the codeword before goes."""
        if length == 1:
            self._put(0b1_10, 3)
        elif length <= 4:
            self._put((length - 1) << 3 | 0b0_10, 5)
        elif length <= 12:
            self._put((length - 5) << 6 | 0b0_000_10, 9)
        else:
            self._put((length - 13) << 6 | 0b1_000_10, 6 + long_extension_bits(string_octets))
        self._after_codeword = False

    def reinit(self) -> None:
        """Both ends forget everything."""
        self._control(REINIT)
        self._codeword_bits = FIRST_CODEWORD_BITS
        self._ordinal_bits = self._first_ordinal_bits

    def finish(self) -> bytes:
        """FLUSH, and the whole packet."""
        self._control(FLUSH)
        return bytes(self._octets) + self._held.to_bytes(-(-self._count // 8), "little")

    def _control(self, code: int) -> None:
        self._put(code << 1 | 1, 1 + self._codeword_bits)
        self._after_codeword = False

    def _put(self, value: int, bits: int) -> None:
        self._held |= value << self._count
        self._count += bits
        if self._count >= 64:
            self._octets += (self._held & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little")
            self._held >>= 64
            self._count -= 64
