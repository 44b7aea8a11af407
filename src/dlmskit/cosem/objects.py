"""The objects of one logical device: by class and logical name, in order, with the time they live in (Blue Book 4.1.8).

A logical name alone may belong to objects of two classes; class_id and logical name together name one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.access import AccessMode, ObjectKey, Role
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.selective import CaptureObject
from dlmskit.cosem.short_names import BaseNames
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

O = TypeVar("O", bound=InterfaceClass)  # noqa: E741
Observer = Callable[[InterfaceClass, int, Data], None]

CLOCK_CLASS = 8


class UtcClock(Protocol):
    """Where time comes from: the wall clock of the machine, or a test's own."""

    def utc_now(self) -> datetime:
        """The time now, with time zone UTC."""


@runtime_checkable
class HasUtc(Protocol):
    """A Clock object: it knows the device's own time."""

    def utc(self) -> datetime | None:
        """The device's time in UTC; None where no clock was given to the logical device."""
        ...


class ObjectTree:
    """The objects of one logical device."""

    def __init__(self, objects: Iterable[InterfaceClass] = (), *, clock: UtcClock | None = None) -> None:
        self.clock = clock
        self.observers: list[Observer] = []
        """Each is told object, attribute number and value of every change that is stored: persistence, monitors."""
        self._objects: dict[ObjectKey, InterfaceClass] = {}
        self._ordered: tuple[InterfaceClass, ...] | None = None
        self._base_names: BaseNames | None = None
        for placed in objects:
            self.add(placed)

    @property
    def base_names(self) -> BaseNames:
        """The short names of the objects that there are now. Raises ConfigError for too many objects."""
        if self._base_names is None:
            self._base_names = BaseNames(self)
        return self._base_names

    # --- the collection ----------------------------------------------------------------------------------------------

    def add(self, placed: O) -> O:
        """Take an object in and give it back; ConfigError where class and logical name are taken."""
        if placed.key in self._objects:
            raise ConfigError(f"two objects of class {placed.class_id} with logical name {placed.obis}")
        self._objects[placed.key] = placed
        self._ordered = self._base_names = None
        placed.placed(self)
        return placed

    def remove(self, key: ObjectKey) -> InterfaceClass:
        """Let an object go; ServiceError object-undefined where there is none."""
        gone = self.get(*key)
        del self._objects[key]
        self._ordered = self._base_names = None
        gone.placed(None)
        return gone

    def get(self, class_id: int, logical_name: Obis) -> InterfaceClass:
        """The object; ServiceError object-undefined, or object-class-inconsistent where only the class is another."""
        found = self._objects.get((class_id, logical_name))
        if found is None:
            present = self.at(logical_name)
            code = DataAccessResult.OBJECT_CLASS_INCONSISTENT if present else DataAccessResult.OBJECT_UNDEFINED
            raise ServiceError(code, f"class {class_id}, {logical_name}")
        return found

    def at(self, logical_name: Obis) -> tuple[InterfaceClass, ...]:
        """Every object of that logical name, in order of class_id."""
        return tuple(found for found in self if found.obis == logical_name)

    def of(self, kind: type[O]) -> tuple[O, ...]:
        """Every object of an interface class, whatever its version if ``kind`` is the oldest."""
        return tuple(found for found in self if isinstance(found, kind))

    def __iter__(self) -> Iterator[InterfaceClass]:
        """In order of logical name, then class_id."""
        if self._ordered is None:
            self._ordered = tuple(sorted(self._objects.values(), key=lambda one: (one.obis, one.class_id)))
        return iter(self._ordered)

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, key: object) -> bool:
        return key in self._objects

    # --- what the objects ask for ------------------------------------------------------------------------------------

    def now(self) -> CosemDateTime:
        """Local time of the device: of its Clock object, else UTC, else not specified."""
        for found in self._objects.values():
            if found.class_id == CLOCK_CLASS:
                return CosemDateTime(bytes(found.get(2).value))
        if self.clock is None:
            return CosemDateTime.of()
        return CosemDateTime.from_datetime(self.clock.utc_now())

    def utc_now(self) -> datetime | None:
        """The device's own time in UTC: of its Clock object, else of the clock that it was given; None without either."""
        for found in self._objects.values():
            if isinstance(found, HasUtc):
                return found.utc()
        return None if self.clock is None else self.clock.utc_now()

    def captured(self, wanted: CaptureObject) -> Data:
        """What a capture or a push takes from an object, with the device's own rights.

        What does not exist or cannot be read, a secret above all, is null-data.
        """
        try:
            one = self.get(wanted.class_id, wanted.logical_name)
            if wanted.attribute_index == 0:
                parts = [CaptureObject(*one.key, number) for number in one.attributes if number > 0]
                return Data.structure([self.captured(part) for part in parts])
            value = one.get(wanted.attribute_index)
        except ServiceError:
            return Data.null()
        if wanted.data_index == 0:
            return value
        elements = value.elements() if value.tag in {Tag.ARRAY, Tag.STRUCTURE} else ()
        return elements[wanted.data_index - 1] if wanted.data_index <= len(elements) else Data.null()

    def tell(self, changed: InterfaceClass, number: int, value: Data) -> None:
        """An attribute was stored: hand it to the observers."""
        for observer in self.observers:
            observer(changed, number, value)

    def full_role(self, name: str, protection: AccessMode = AccessMode.NONE) -> Role:
        """A role with the default rights on every object there is now, each demanding ``protection``."""
        return Role(name, {placed.key: placed.default_rights(protection) for placed in self})
