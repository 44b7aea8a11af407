"""Short names: one number for each attribute and method of a logical device (Blue Book 4.1.2 and the class tables).

Attribute n stands at base name + 8 * (n - 1); where the methods begin, each interface class says in its declaration. Base
names are given out here, in the order of the objects, but for the four that the standard reserves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dlmskit.cosem.access import ObjectKey
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ConfigError
from dlmskit.types.obis import Obis

STEP = 8
"""Between two attributes, and between two methods."""
CURRENT_ASSOCIATION_NAME = 0xFA00
"""Base name under which a client finds its own Association SN, whichever that is."""
ASSOCIATION_SN = 12
RESERVED: dict[int, ObjectKey] = {
    CURRENT_ASSOCIATION_NAME: (ASSOCIATION_SN, Obis("0.0.40.0.0.255")),
    0xFB00: (9, Obis("0.0.10.0.125.255")),
    0xFC00: (17, Obis("0.0.41.0.0.255")),
    0xFD00: (1, Obis("0.0.42.0.0.255")),
}
"""Base names of the standard: association, broadcast receiver script table, SAP assignment, logical device name."""

_FIRST, _BEHIND = 0x0100, CURRENT_ASSOCIATION_NAME


class Named(NamedTuple):
    """What a short name means."""

    key: ObjectKey
    number: int
    is_method: bool


def attribute_offset(number: int) -> int:
    """From base name to attribute ``number``, from 1."""
    return STEP * (number - 1)


def method_offset(kind: type[InterfaceClass], number: int) -> int | None:
    """From base name to method ``number``; None for a class whose methods have no short names, or not this one."""
    if kind.methods_at is None or number not in kind.methods:
        return None
    return kind.methods_at + STEP * (number - 1)


def offsets(kind: type[InterfaceClass]) -> dict[int, tuple[int, bool]]:
    """Number, and whether it is a method's, by offset from the base name."""
    found = {offset: (number, True) for number in kind.methods if (offset := method_offset(kind, number)) is not None}
    return found | {attribute_offset(number): (number, False) for number in kind.attributes if number > 0}


def signed(name: int) -> int:
    """A short name as the signed number that it is on the wire: FA00 is -1536."""
    return name - 0x10000 if name & 0x8000 else name


class BaseNames:
    """The short names of some objects, both ways. Raises ConfigError where there are more than names."""

    def __init__(self, objects: Iterable[InterfaceClass]) -> None:
        self._bases: dict[ObjectKey, int] = {key: name for name, key in RESERVED.items()}
        self._meanings: dict[int, Named] = {}
        at = _FIRST
        for one in objects:
            base = self._bases.get(one.key)
            if base is None:
                base = self._bases[one.key] = at
                at += max(offsets(type(one))) + STEP
                if at > _BEHIND:
                    raise ConfigError(f"{one!r} and what follows have no short names any more: there are too many objects")
            self._name(base, one.key, type(one))

    def _name(self, base: int, key: ObjectKey, kind: type[InterfaceClass]) -> None:
        for offset, (number, is_method) in offsets(kind).items():
            self._meanings[base + offset] = Named(key, number, is_method)

    def base_of(self, key: ObjectKey) -> int | None:
        """The base name of an object; None for one that was not there."""
        return self._bases.get(key)

    def meaning(self, name: int, own: type[InterfaceClass]) -> Named | None:
        """What a short name (0 to FFFF) means for a client whose own association is of this class; None for nothing."""
        if CURRENT_ASSOCIATION_NAME <= name < min(base for base in RESERVED if base > CURRENT_ASSOCIATION_NAME):
            found = offsets(own).get(name - CURRENT_ASSOCIATION_NAME)
            return None if found is None else Named(RESERVED[CURRENT_ASSOCIATION_NAME], *found)
        return self._meanings.get(name)
