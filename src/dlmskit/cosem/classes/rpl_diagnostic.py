"""Interface class 97, RPL diagnostic (Blue Book): where a node stands in its RPL routing tree (RFC 6550)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class RplDiagnostic(InterfaceClass, class_id=97, version=0, name="RPL diagnostic", methods_at=0x48):
    """Instance, rank and parent set of RPL."""

    rpl_instance_id = attribute(2, "unsigned", dynamic=True)
    dodag_version_number = attribute(3, "unsigned", dynamic=True)
    dodag_rank = attribute(4, "long", dynamic=True)
    grounded = attribute(5, "boolean", dynamic=True)
    mode_of_operation = attribute(6, "enum", dynamic=True)
    dodag_prf = attribute(7, "unsigned", dynamic=True)
    dodag_dtsn = attribute(8, "unsigned", dynamic=True)
    dodag_id = attribute(9, "octet-string", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
