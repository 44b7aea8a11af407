"""What the fixed-length values (OBIS codes, system titles, dates) share: a value that is its octets.

Frozen, hashable, ordered by the octets, equal only to its own kind. Checks are left to the constructors of the kinds.
"""

from __future__ import annotations

from typing import Any, Self, final


class FixedOctets:
    """A value kept as the octets it has on the wire."""

    __slots__ = ("_octets",)

    _octets: bytes

    @property
    def octets(self) -> bytes:
        """The value as it is sent."""
        return self._octets

    @final
    def __bytes__(self) -> bytes:
        return self._octets

    @final
    def __eq__(self, other: object) -> bool:
        if other.__class__ is self.__class__:
            return self._octets == other._octets
        return NotImplemented

    @final
    def __hash__(self) -> int:
        return hash(self._octets)

    @final
    def __lt__(self, other: Self) -> bool:
        return self._octets < other._octets if other.__class__ is self.__class__ else NotImplemented

    @final
    def __le__(self, other: Self) -> bool:
        return self._octets <= other._octets if other.__class__ is self.__class__ else NotImplemented

    @final
    def __gt__(self, other: Self) -> bool:
        return self._octets > other._octets if other.__class__ is self.__class__ else NotImplemented

    @final
    def __ge__(self, other: Self) -> bool:
        return self._octets >= other._octets if other.__class__ is self.__class__ else NotImplemented

    @final
    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__, (self._octets,)
