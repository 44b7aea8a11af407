"""Interface class 3, Register (Blue Book 4.3.2): a value with its scaler and unit."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import NO_SCALER_UNIT, REGISTER_VALUE, SCALER_UNIT
from dlmskit.cosem.model import InterfaceClass


class Register(InterfaceClass, class_id=3, version=0, name="Register", methods_at=0x28):
    """A value with its unit, for example active energy import. The physical value is value * 10 ** scaler, in unit."""

    value = attribute(2, REGISTER_VALUE, dynamic=True)
    scaler_unit = attribute(3, SCALER_UNIT, default=NO_SCALER_UNIT)

    @method(1)
    def reset(self) -> None:
        """Set the value to zero, or to nothing, in the type that it has."""
        self.clear(2)
