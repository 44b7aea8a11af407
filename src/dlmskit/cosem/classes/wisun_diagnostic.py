"""Interface class 96, Wi-SUN diagnostic (Blue Book): neighbours and transmissions of a Wi-SUN node."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class WiSunDiagnostic(InterfaceClass, class_id=96, version=0, name="Wi-SUN diagnostic", methods_at=0x30):
    """Tables of a Wi-SUN node."""

    sysdescr = attribute(2, "octet-string", dynamic=True)
    ifnumber = attribute(3, "integer", dynamic=True)
    iftable = attribute(4, "array<any>", dynamic=True)
    neighbour_table_information = attribute(5, "array<any>", dynamic=True)
    transmission_information = attribute(6, "array<any>", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
