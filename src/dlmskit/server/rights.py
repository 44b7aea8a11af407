"""Roles written as patterns: which objects a client may read, write and execute, as people put it into a file.

``*`` is every object, ``1.0.*.8.0.255`` a family of them, ``1.0.99.1.0.255:2`` one attribute or method. A pattern grants
what the class offers: written is what the class declares writable, unless a pattern names the number. What no pattern
names does not exist for the client.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from dlmskit.cosem.access import AccessMode, ObjectKey, ObjectRights, Role
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ConfigError
from dlmskit.types.obis import Obis

_NOT_GOVERNED = frozenset((15, 64))
"""Classes whose attributes show how an association is configured, and do not change it: writing them would be a lie."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of objects, or one attribute or method of each."""

    groups: tuple[int | None, ...]
    """The six value groups, None for any."""
    number: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern; ConfigError where it is none."""
        name, colon, number = text.partition(":")
        parts = ["*"] * 6 if name == "*" else name.split(".")
        try:
            groups = tuple(None if part == "*" else int(part) for part in parts)
            wanted = int(number) if colon else None
        except ValueError:
            groups, wanted = (), None
        if len(groups) != 6 or any(group is not None and not 0 <= group <= 255 for group in groups):
            raise ConfigError(f'"{text}" is no pattern of objects: write * or A.B.C.D.E.F with * for any, then :n for one number')
        return cls(groups, wanted)

    def __str__(self) -> str:
        name = ".".join("*" if group is None else str(group) for group in self.groups)
        return name if self.number is None else f"{name}:{self.number}"

    def matches(self, name: Obis) -> bool:
        """Whether an object of that logical name is meant."""
        return all(group is None or group == octet for group, octet in zip(self.groups, name.octets, strict=True))


@dataclass(frozen=True, slots=True)
class Grants:
    """What a role may do, by patterns."""

    read: tuple[Pattern, ...] = ()
    write: tuple[Pattern, ...] = ()
    execute: tuple[Pattern, ...] = ()

    @classmethod
    def parse(cls, read: Iterable[str] = (), write: Iterable[str] = (), execute: Iterable[str] = ()) -> Self:
        """Read patterns; ConfigError where one is none."""
        return cls(*(tuple(Pattern.parse(text) for text in texts) for texts in (read, write, execute)))

    def role(self, name: str, tree: ObjectTree, own: InterfaceClass) -> Role:
        """The role on the objects that there are now. ``own`` is the association object of the client itself."""
        granted: dict[ObjectKey, ObjectRights] = {own.key: own_association(own)}
        for one in tree:
            rights = self._on(one)
            if (any(rights.attributes.values()) or rights.methods) and one is not own:
                granted[one.key] = rights
        return Role(name, granted)

    def unmatched(self, tree: ObjectTree) -> list[Pattern]:
        """The patterns that mean no object of the logical device: mostly a slip of the pen."""
        names = [one.obis for one in tree]
        return [one for one in (*self.read, *self.write, *self.execute) if not any(map(one.matches, names))]

    def _on(self, one: InterfaceClass) -> ObjectRights:
        modes = dict.fromkeys(one.attributes, AccessMode.NONE)
        for number, word in one.attributes.items():
            if not word.secret and _names(self.read, one, number):
                modes[number] |= AccessMode.READ
            if one.class_id not in _NOT_GOVERNED and _names(self.write, one, number, unless=not word.writable):
                modes[number] |= AccessMode.WRITE
        called = {
            number: AccessMode.ACCESS
            for number, word in one.methods.items()
            if not word.absent and one.class_id not in _NOT_GOVERNED and _names(self.execute, one, number)
        }
        return ObjectRights(modes, called)


def own_association(own: InterfaceClass) -> ObjectRights:
    """What every client may do with its own association: read it, and prove itself."""
    readable = {number: AccessMode.READ for number, word in own.attributes.items() if not word.secret}
    return ObjectRights(readable, {1: AccessMode.ACCESS})


def _names(patterns: tuple[Pattern, ...], one: InterfaceClass, number: int, *, unless: bool = False) -> bool:
    """Whether a pattern means this number; ``unless``: only one that names it."""
    return any(
        pattern.matches(one.obis) and (pattern.number == number or (pattern.number is None and not unless))
        for pattern in patterns
    )
