"""One object as it is exchanged: what it is, what it holds, who may do what. Made from an object of our own or of a meter.

A record holds no secret: what a class declares as one is not taken in, wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import ObjectRights, Role
from dlmskit.cosem.classes.profile_generic import BUFFER, ProfileGeneric, SortMethod
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_class, interface_classes
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.types.obis import Obis


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One object. Raises ConfigError for a value of an attribute that is a secret of its class."""

    class_id: int
    version: int
    logical_name: Obis
    values: Mapping[int, Data] = field(default_factory=dict)
    """By attribute number, without the logical name; what is not here could not be read, or was not asked for."""
    rights: ObjectRights | None = None
    """What one role may do; None where nothing is said about rights."""

    def __post_init__(self) -> None:
        secret = [number for number in self.values if self.is_secret(number)]
        if secret:
            raise ConfigError(f"attribute {secret[0]} of {self.logical_name} is a secret, and no secret is exchanged")

    @classmethod
    def of(cls, one: InterfaceClass, rights: ObjectRights | None = None) -> ObjectRecord:
        """Take an object with everything that it can tell, computed values as they are now.

        Raises LocalProtocolError for one that must be in a logical device to tell its values, as an Association, and is in none.
        """
        values: dict[int, Data] = {}
        for number, word in one.attributes.items():
            if number == 1 or word.secret:
                continue
            try:
                values[number] = one.get(number)
            except ServiceError:
                continue
        return cls(one.class_id, one.version, one.obis, values, rights)

    @property
    def declaration(self) -> type[InterfaceClass] | None:
        """Its interface class; None where it is not declared here."""
        return interface_classes().get((self.class_id, self.version))

    def is_secret(self, number: int) -> bool:
        """Whether an attribute is a secret of its class."""
        word = None if self.declaration is None else self.declaration.attributes.get(number)
        return word is not None and word.secret

    def attribute_name(self, number: int) -> str | None:
        """Name in the Blue Book; None where it is not declared here."""
        word = None if self.declaration is None else self.declaration.attributes.get(number)
        return None if word is None else word.name

    def method_name(self, number: int) -> str | None:
        """As `attribute_name`."""
        word = None if self.declaration is None else self.declaration.methods.get(number)
        return None if word is None else word.name

    def to_object(self) -> InterfaceClass:
        """An object with these values. Raises ConfigError for a class that is not declared and a value that does not fit."""
        one = interface_class(self.class_id, self.version)(self.logical_name)
        for number, data in self.values.items():
            try:
                one.attribute(number).check(data)
            except ServiceError as error:
                raise ConfigError(f"{self.logical_name}, attribute {number}: {error}") from error
            one.store(number, data)
        if isinstance(one, ProfileGeneric):
            _fill(one, self.values.get(BUFFER))
        return one


def _fill(profile: ProfileGeneric, buffer: Data | None) -> None:
    """Rows in the order in which they arrived; those of a compact-array are not taken apart."""
    if buffer is None or buffer.tag != Tag.ARRAY:
        return
    rows = buffer.elements()
    for row in reversed(rows) if profile.sort_method == SortMethod.LIFO else rows:
        profile.insert(row)


def records_of(tree: ObjectTree, role: Role | None = None) -> list[ObjectRecord]:
    """Every object of a logical device; with a role those that it sees, with its rights, and the values that it may read."""
    if role is None:
        return [ObjectRecord.of(one) for one in tree]
    return [_seen(tree.get(*key), rights) for key, rights in role.objects.items() if key in tree]


def _seen(one: InterfaceClass, rights: ObjectRights) -> ObjectRecord:
    whole = ObjectRecord.of(one, rights)
    values = {number: data for number, data in whole.values.items() if rights.attributes.get(number, 0) & 1}
    return ObjectRecord(one.class_id, one.version, one.obis, values, rights)


def tree_of(records: Iterable[ObjectRecord]) -> ObjectTree:
    """A logical device of these objects. Raises ConfigError as `ObjectRecord.to_object`, and for two of one name."""
    return ObjectTree(record.to_object() for record in records)
