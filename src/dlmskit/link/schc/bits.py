"""Fields that do not end where octets end."""

from __future__ import annotations

from dlmskit.errors import DecodeError


class BitWriter:
    """Bits in order, the most significant first."""

    __slots__ = ("_count", "_value")

    def __init__(self) -> None:
        self._value = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def write(self, value: int, bits: int) -> None:
        """Append the lowest ``bits`` of ``value``."""
        self._value = self._value << bits | (value & (1 << bits) - 1)
        self._count += bits

    def write_octets(self, octets: bytes) -> None:
        """Append whole octets, wherever they begin."""
        self.write(int.from_bytes(octets), 8 * len(octets))

    def finish(self) -> bytes:
        """The octets, the last one filled with zeros."""
        padding = -self._count % 8
        return (self._value << padding).to_bytes((self._count + padding) // 8)


class BitReader:
    """The same, backwards."""

    __slots__ = ("_count", "_octets", "at")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._count = 8 * len(octets)
        self.at = 0

    @property
    def left(self) -> int:
        """Bits not read yet."""
        return self._count - self.at

    def read(self, bits: int) -> int:
        """The next ``bits``. Raises DecodeError where fewer are left."""
        if bits > self.left:
            raise DecodeError(f"{bits} bits are needed, {self.left} are left", self.at // 8, "schc")
        end = self.at + bits
        last = (end + 7) // 8
        value = int.from_bytes(self._octets[self.at // 8 : last]) >> 8 * last - end
        self.at = end
        return value & (1 << bits) - 1

    def read_octets(self) -> bytes:
        """The whole octets that are left; up to seven bits behind them are padding."""
        size = self.left // 8
        return self.read(8 * size).to_bytes(size)
