"""What outlives the process: every stored change of an object, the difference of its clock, what its charges have counted.

What an object computes, or takes from a source, is not stored. What an association is doing dies with its connection, so
the dynamic attributes of association objects are left out. Secrets never come here: objects tell nobody of them.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.charge import Charge
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import DlmsError, ServiceError
from dlmskit.server.storage.database import Database
from dlmskit.types.obis import Obis

_LOG = logging.getLogger("dlmskit.server")
_ASSOCIATION_CLASSES = frozenset((12, 15))

_STORE = """
INSERT INTO value VALUES (?, ?, ?, ?, ?)
ON CONFLICT (sap, class_id, logical_name, attribute) DO UPDATE SET octets = excluded.octets
"""


class StoredValues:
    """The values of one logical device."""

    def __init__(self, database: Database, sap: int) -> None:
        self._database = database
        self._sap = sap

    def attach(self, tree: ObjectTree) -> None:
        """Put the kept values into the objects, and from now on keep every change.

        A value whose object or attribute is gone, or of another type now, is left where it is and logged. That a value is put
        back is no change: no other observer is told.
        """
        others = tree.observers[:]
        tree.observers.clear()
        query = "SELECT class_id, logical_name, attribute, octets FROM value WHERE sap = ?"
        for class_id, name, number, octets in self._database.read(query, (self._sap,)):
            self._restore(tree, class_id, Obis(name), number, octets)
        tree.observers.extend(others)
        for clock in tree.of(Clock):
            self._keep_offset(clock)
        for charge in tree.of(Charge):
            self._keep_counted(charge)
        tree.observers.append(self._keep)

    def _restore(self, tree: ObjectTree, class_id: int, name: Obis, number: int, octets: bytes) -> None:
        try:
            found = tree.get(class_id, name)
            value = Data.decode(octets)
            found.attribute(number).check(value)
            found.store(number, value)
        except (ServiceError, DlmsError) as error:
            _LOG.warning("kept value of class %d, %s, attribute %d is not used: %s", class_id, name, number, error)

    def _keep(self, changed: InterfaceClass, number: int, value: Data) -> None:
        if changed.class_id in _ASSOCIATION_CLASSES and (changed.attribute(number).dynamic or number == 5):
            return
        if isinstance(changed, Clock) and number == 2:
            return  # the time of day is of no use later; the difference is kept instead
        self._database.write(_STORE, (self._sap, changed.class_id, changed.obis.octets, number, value.octets))

    def _keep_counted(self, charge: Charge) -> None:
        name = f"charge {self._sap} {charge.obis}"
        kept = self._database.note(name)
        if kept is not None:
            charge.resume(kept)
        charge.on_counted = lambda counted: self._database.set_note(name, counted)

    def _keep_offset(self, clock: Clock) -> None:
        name = f"clock {self._sap} {clock.obis}"
        kept = self._database.note(name)
        if kept is not None:
            clock.offset = timedelta(seconds=float(kept))
        before = clock.on_time_set

        def time_set(old: datetime, new: datetime) -> None:
            self._database.set_note(name, repr(clock.offset.total_seconds()))
            if before is not None:
                before(old, new)

        clock.on_time_set = time_set
