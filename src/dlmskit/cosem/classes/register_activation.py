"""Interface class 6, Register activation (Blue Book 4.3.5): which tariff registers count now.

The class keeps masks and tells which registers are frozen; whoever feeds the registers asks `is_active`.
"""

from __future__ import annotations

from typing import Any

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import OBJECT_DEFINITION
from dlmskit.cosem.model import InterfaceClass
from dlmskit.types.obis import Obis

MASK = "structure{mask_name:octet-string,index_list:array<unsigned>}"


class RegisterActivation(InterfaceClass, class_id=6, version=0, name="Register activation", methods_at=0x30):
    """Registers by index, masks of indexes by name, and the mask in force."""

    register_assignment = attribute(2, f"array<{OBJECT_DEFINITION}>")
    mask_list = attribute(3, f"array<{MASK}>")
    active_mask = attribute(4, "octet-string", dynamic=True, writable=True)

    @method(1, OBJECT_DEFINITION)
    def add_register(self, register: Any) -> None:
        """Append a register; its index is the next one, counted from 1."""
        self.register_assignment = [*self.register_assignment, register]

    @method(2, MASK)
    def add_mask(self, mask: Any) -> None:
        """Add a mask, in the place of one of the same name; the active one takes effect at once."""
        self.mask_list = [*(one for one in self.mask_list if one.mask_name != mask.mask_name), mask]

    @method(3, "octet-string")
    def delete_mask(self, mask_name: bytes) -> None:
        """Remove the mask of that name, if there is one."""
        self.mask_list = [one for one in self.mask_list if one.mask_name != mask_name]

    def is_active(self, class_id: int, logical_name: Obis) -> bool:
        """Whether a register may count: it is in the active mask, or is none of the assigned ones."""
        assigned = [(one.class_id, one.logical_name) for one in self.register_assignment]
        if (class_id, logical_name) not in assigned:
            return True
        return assigned.index((class_id, logical_name)) + 1 in self._active_indexes()

    def _active_indexes(self) -> list[int]:
        active = self.active_mask
        return next((list(one.index_list) for one in self.mask_list if one.mask_name == active), [])
