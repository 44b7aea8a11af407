"""Interface class 4, Extended register (Blue Book 4.3.3): a register whose value has a status and a time of capture."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import DATE_TIME, NO_SCALER_UNIT, REGISTER_VALUE, SCALER_UNIT, STATUS
from dlmskit.cosem.model import InterfaceClass


class ExtendedRegister(InterfaceClass, class_id=4, version=0, name="Extended register", methods_at=0x38):
    """A value captured at an instant, for example a maximum demand."""

    value = attribute(2, REGISTER_VALUE, dynamic=True)
    scaler_unit = attribute(3, SCALER_UNIT, default=NO_SCALER_UNIT)
    status = attribute(4, STATUS, dynamic=True)
    capture_time = attribute(5, DATE_TIME, dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Clear value and status; capture_time is the time of the reset."""
        self.clear(2)
        self.clear(4)
        self.capture_time = self.now()
