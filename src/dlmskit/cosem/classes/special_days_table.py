"""Interface class 11, Special days table (Blue Book 4.5.4): dates that follow another day schedule."""

from __future__ import annotations

from typing import Any

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass

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
