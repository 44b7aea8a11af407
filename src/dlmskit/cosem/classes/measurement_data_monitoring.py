"""Interface class 66, Measurement data monitoring objects (Blue Book): samples of a waveform around a trigger."""

from __future__ import annotations

from dlmskit.cosem.declaration import absent_method, attribute, method
from dlmskit.cosem.model import InterfaceClass


class MeasurementDataMonitoring(InterfaceClass, class_id=66, version=0, name="Measurement data monitoring objects"):
    """Samples before and after a trigger; triggering needs a sensor behind the object."""

    waveform_data = attribute(2, "compact-array", dynamic=True)
    trigger_time = attribute(3, "long64-unsigned", dynamic=True)
    trigger_source = attribute(
        4, "structure{trigger_origin:enum{0=remote,1=local_script},trigger_cause:long-unsigned}", dynamic=True
    )
    status = attribute(5, "enum", dynamic=True)
    sampling_rate = attribute(6, "double-long-unsigned", writable=True)
    number_of_samples_before_trigger = attribute(7, "double-long-unsigned", writable=True)
    number_of_samples_after_trigger = attribute(8, "double-long-unsigned", writable=True)
    scaler_unit = attribute(9, "structure{scaler:integer,unit:enum}", writable=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()

    trigger = absent_method(2, "any")
