"""Roles written as patterns: which objects a client may read, write and execute, and how protected, as people put it into a file.

``*`` is every object, ``1.0.*.8.0.255`` a family of them, ``1.0.99.1.0.255:2`` one attribute or method. A pattern grants
what the class offers: written is what the class declares writable, unless a pattern names the number. What no pattern
names does not exist for the client.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from dlmskit.cosem.access import AccessMode, ObjectKey, ObjectRights, Operation, Role, floor_of
from dlmskit.cosem.association_object import AssociationObject
from dlmskit.cosem.classes.security_setup import SecuritySetupV0
from dlmskit.cosem.declaration import Attribute
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import CURRENT_ASSOCIATION
from dlmskit.errors import ConfigError
from dlmskit.types.obis import Obis

KnownRights = dict[tuple[type[InterfaceClass], Obis, bool, bool], ObjectRights]
"""Rights by class and name of an object, whether it is the client's own association, and whether a keeper is behind it."""
_POLICY = 2
"""Attribute of class 64."""


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
class Grant:
    """Operations on the objects of some patterns, and the protection that they demand."""

    patterns: tuple[Pattern, ...]
    operations: frozenset[Operation]
    demands: AccessMode = AccessMode.NONE
    """Protection bits alone."""

    @classmethod
    def of(cls, patterns: Iterable[str], *operations: Operation, demands: AccessMode = AccessMode.NONE) -> Self:
        """From patterns as text; ConfigError where one is none."""
        return cls(tuple(Pattern.parse(text) for text in patterns), frozenset(operations), demands)

    def allows(self, operation: Operation, names: tuple[Obis, ...], number: int, *, named: bool = False) -> bool:
        """Whether it is about this attribute or method of an object; ``named``: only where a pattern names the number."""
        return operation in self.operations and any(
            (pattern.number == number or (pattern.number is None and not named)) and any(map(pattern.matches, names))
            for pattern in self.patterns
        )


@dataclass(frozen=True, slots=True)
class Grants:
    """What a role may do. Where several grants mean the same attribute or method, operations and demands add up."""

    grants: tuple[Grant, ...] = ()

    @classmethod
    def parse(
        cls, read: Iterable[str] = (), write: Iterable[str] = (), execute: Iterable[str] = (), also: Iterable[Grant] = ()
    ) -> Self:
        """Patterns for each operation, that demand nothing beyond the policy, and further grants. Raises ConfigError."""
        plain = (Grant.of(read, Operation.GET), Grant.of(write, Operation.SET), Grant.of(execute, Operation.ACTION))
        return cls((*(grant for grant in plain if grant.patterns), *also))

    def role(self, name: str, tree: ObjectTree, own: AssociationObject | None = None) -> Role:
        """The role on the objects that there are now. ``own`` is the association object of the client itself, if it has one."""
        granted: dict[ObjectKey, ObjectRights] = {}
        known = _known(self.grants)
        for one in tree:
            rights = self._on(one, own, known)
            if any(rights.attributes.values()) or rights.methods:
                granted[one.key] = rights
        return Role(name, granted)

    def unmatched(self, tree: ObjectTree) -> list[Pattern]:
        """The patterns that mean no object of the logical device: mostly a slip of the pen."""
        names = [*(one.obis for one in tree), CURRENT_ASSOCIATION]
        return [one for grant in self.grants for one in grant.patterns if not any(map(one.matches, names))]

    def _on(self, one: InterfaceClass, own: AssociationObject | None, known: KnownRights) -> ObjectRights:
        same = type(one), one.obis, one is own, _kept(one)
        rights = known.get(same)
        if rights is None:
            rights = known[same] = self._granted(one, own)
        return rights

    def _granted(self, one: InterfaceClass, own: AssociationObject | None) -> ObjectRights:
        names = (one.obis, CURRENT_ASSOCIATION) if one is own else (one.obis,)
        modes = {number: self._attribute(one, names, number, word) for number, word in one.attributes.items()}
        called = {number: self._method(one, names, number) for number, word in one.methods.items() if not word.absent}
        called = {number: mode for number, mode in called.items() if mode}
        if own is not None and one is own:  # every client may look at its own association, and prove itself
            modes = {n: mode | (0 if one.attributes[n].secret else AccessMode.READ) for n, mode in modes.items()}
            called[own.reply_method] = AccessMode.ACCESS
        return ObjectRights(modes, called)

    def _attribute(self, one: InterfaceClass, names: tuple[Obis, ...], number: int, word: Attribute) -> AccessMode:
        mode = AccessMode.NONE
        for grant in self.grants:
            if not word.secret and grant.allows(Operation.GET, names, number):
                mode |= AccessMode.READ | grant.demands
            if not _governed(one, number, method=False):
                continue
            if grant.allows(Operation.SET, names, number, named=not word.writable):
                mode |= AccessMode.WRITE | grant.demands
        return mode if mode & AccessMode.READ or not mode else mode | floor_of(one.class_id, Operation.SET, number)

    def _method(self, one: InterfaceClass, names: tuple[Obis, ...], number: int) -> AccessMode:
        mode = AccessMode.NONE
        for grant in self.grants:
            if _governed(one, number, method=True) and grant.allows(Operation.ACTION, names, number):
                mode |= AccessMode.ACCESS | grant.demands | floor_of(one.class_id, Operation.ACTION, number)
        return mode


def _governed(one: InterfaceClass, number: int, *, method: bool) -> bool:
    """Whether writing or calling it changes anything: of what describes an association, only what a keeper is behind."""
    if isinstance(one, AssociationObject):
        return number in (one.secret_methods if method else one.secret_attributes) and _kept(one)
    if isinstance(one, SecuritySetupV0):
        return _kept(one) and (method or number == _POLICY)
    return True


def _kept(one: InterfaceClass) -> bool:
    """Whether a keeper of secrets or keys is behind an object that describes an association."""
    if isinstance(one, AssociationObject):
        return one.on_new_secret is not None
    return isinstance(one, SecuritySetupV0) and one.keeper is not None


@lru_cache(maxsize=64)
def _known(_grants: tuple[Grant, ...]) -> KnownRights:
    """What was worked out under these grants already: thousands of meters of a fleet have the same objects."""
    return {}
