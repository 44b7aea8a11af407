"""Interface class 98, MPL diagnostic (Blue Book): multicast forwarding by MPL (RFC 7731)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class MplDiagnostic(InterfaceClass, class_id=98, version=0, name="MPL diagnostic", methods_at=0x70):
    """Timers and thresholds of MPL."""

    proactive_forwarding = attribute(2, "boolean", dynamic=True)
    z = attribute(3, "unsigned", dynamic=True)
    tunit = attribute(4, "unsigned", dynamic=True)
    se_lifetime = attribute(5, "long-unsigned", dynamic=True)
    dm_k = attribute(6, "unsigned", dynamic=True)
    dm_imin = attribute(7, "long-unsigned", dynamic=True)
    dm_imax = attribute(8, "unsigned", dynamic=True)
    dm_t_exp = attribute(9, "long-unsigned", dynamic=True)
    c_k = attribute(10, "unsigned", dynamic=True)
    c_imin = attribute(11, "long-unsigned", dynamic=True)
    c_imax = attribute(12, "unsigned", dynamic=True)
    c_t_exp = attribute(13, "long-unsigned", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
