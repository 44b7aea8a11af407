"""Interface class 80, 61334-4-32 LLC SSCS setup (Blue Book): the convergence layer of IEC 61334-4-32 in a PRIME network."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class LlcSscsSetup(InterfaceClass, class_id=80, version=0, name="61334-4-32 LLC SSCS setup", methods_at=0x20):
    """Addresses of the 4-32 convergence layer."""

    service_node_address = attribute(2, "long-unsigned", dynamic=True)
    base_node_address = attribute(3, "long-unsigned", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
