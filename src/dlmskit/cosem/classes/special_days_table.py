"""Interface class 11, Special days table (Blue Book 4.5.4): dates that follow another day schedule."""

from __future__ import annotations

from datetime import date
from typing import Any

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.moments import matches_date
from dlmskit.cosem.objects import ObjectTree

ENTRY = "structure{index:long-unsigned,specialday_date:octet-string(date),day_id:unsigned}"


class SpecialDaysTable(InterfaceClass, class_id=11, version=0, name="Special days table", methods_at=0x10):
    """Special days; they go before the week profile of the calendar. Dates may have open parts."""

    entries = attribute(2, f"array<{ENTRY}>", writable=True)

    @method(1, ENTRY)
    def insert(self, entry: Any) -> None:
        """Add an entry, in the place of one with the same index or date."""
        others = [one for one in self.entries if one.index != entry.index and one.specialday_date != entry.specialday_date]
        self.entries = [*others, entry]

    @method(2, "long-unsigned")
    def delete(self, index: int) -> None:
        """Remove the entry of that index, if there is one."""
        self.entries = [one for one in self.entries if one.index != index]

    def day_id(self, day: date) -> int | None:
        """The day schedule of a special day; None for an ordinary one. Of several entries the lowest index counts."""
        meant = [one for one in self.entries if matches_date(one.specialday_date, day)]
        return min(meant, key=lambda one: int(one.index)).day_id if meant else None


def special_day(tree: ObjectTree, day: date) -> int | None:
    """The day_id of a day in the special days tables of a logical device; None for an ordinary one."""
    found = (table.day_id(day) for table in tree.of(SpecialDaysTable))
    return next((number for number in found if number is not None), None)
