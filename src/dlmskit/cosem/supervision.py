"""Objects that watch the values of others: monitors and limiters, and who tells them of changes (Blue Book 4.5.7 to 4.5.10).

What is stored is told at once; what an object computes, or takes from a source, is seen when the supervisor is asked to `poll`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from dlmskit.codec.data import Data
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import Fault, log_fault
from dlmskit.errors import ServiceError
from dlmskit.types.obis import Obis

LONGEST_CHAIN = 8
"""Monitors whose script changes what another one monitors, one after the other; beyond that the chain is cut."""


class AttributeReference(NamedTuple):
    """An attribute that is watched: value_definition of the class tables."""

    class_id: int
    logical_name: Obis
    attribute_index: int


class Watcher(ABC):
    """Mixed into an interface class that watches attributes of other objects."""

    @abstractmethod
    def watched(self) -> Iterable[AttributeReference]:
        """What is watched, as configured now."""

    polled: ClassVar[bool] = True
    """Whether it wants values that nobody stored, as they are polled."""

    @abstractmethod
    def observed(self, reference: AttributeReference, value: Data) -> None:
        """The value of a watched attribute: it was stored, or it was polled."""


class Supervisor:
    """Tells the watchers of one logical device what they watch."""

    def __init__(self, tree: ObjectTree, fault: Fault = log_fault) -> None:
        self._tree = tree
        self._fault = fault
        self._depth = 0
        tree.observers.append(self._stored)

    def poll(self) -> None:
        """Look at every watched attribute. What cannot be read is passed over."""
        for watcher in self._watchers():
            if not watcher.polled:
                continue
            for reference in tuple(watcher.watched()):
                try:
                    value = self._tree.get(reference.class_id, reference.logical_name).get(reference.attribute_index)
                except ServiceError:
                    continue
                self._tell(watcher, reference, value)

    def _watchers(self) -> list[Watcher]:
        return [one for one in self._tree if isinstance(one, Watcher)]

    def _stored(self, changed: InterfaceClass, number: int, value: Data) -> None:
        reference = AttributeReference(changed.class_id, changed.obis, number)
        for watcher in self._watchers():
            if reference in watcher.watched():
                self._tell(watcher, reference, value)

    def _tell(self, watcher: Watcher, reference: AttributeReference, value: Data) -> None:
        if self._depth >= LONGEST_CHAIN:
            self._fault(f"{watcher!r}: monitors that set each other off", RecursionError(str(reference)))
            return
        self._depth += 1
        try:
            watcher.observed(reference, value)
        except Exception as error:  # noqa: BLE001 - a monitor that fails must not fail what it watches
            self._fault(f"{watcher!r} on {reference.logical_name}", error)
        finally:
            self._depth -= 1
