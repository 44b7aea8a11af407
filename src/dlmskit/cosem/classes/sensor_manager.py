"""Interface class 67, Sensor manager (Blue Book): a sensor with its seal, raw value, thresholds and actions."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class SensorManager(InterfaceClass, class_id=67, version=0, name="Sensor manager"):
    """A sensor, and where its processed value stands."""

    serial_number = attribute(2, "octet-string", dynamic=True)
    metrological_identification = attribute(3, "octet-string", dynamic=True)
    output_type = attribute(4, "enum", dynamic=True)
    adjustment_method = attribute(5, "octet-string", dynamic=True)
    sealing_method = attribute(6, "enum", dynamic=True)
    raw_value = attribute(
        7,
        (
            "choice{null-data,bit-string,double-long,double-long-unsigned,octet-string,visible-string,utf8-string,"
            "integer,long,unsigned,long-unsigned,long64,long64-unsigned,float32,float64}"
        ),
        dynamic=True,
    )
    scaler_unit = attribute(8, "structure{scaler:integer,unit:enum}", dynamic=True)
    status = attribute(
        9,
        (
            "choice{null-data,bit-string,double-long-unsigned,octet-string,visible-string,utf8-string,unsigned,"
            "long-unsigned,long64-unsigned}"
        ),
        dynamic=True,
    )
    capture_time = attribute(10, "date-time", dynamic=True)
    raw_value_thresholds = attribute(11, "array<any>", dynamic=True, writable=True)
    raw_value_actions = attribute(
        12,
        (
            "array<structure{action_up:structure{script_logical_name:logical-name,script_selector:long-unsigned},"
            "action_down:structure{script_logical_name:logical-name,script_selector:long-unsigned}}>"
        ),
        dynamic=True,
        writable=True,
    )
    processed_value = attribute(
        13, "structure{class_id:long-unsigned,logical_name:logical-name,attribute_index:integer}", dynamic=True
    )
    processed_value_thresholds = attribute(14, "array<any>", dynamic=True, writable=True)
    processed_value_actions = attribute(
        15,
        (
            "array<structure{action_up:structure{script_logical_name:logical-name,script_selector:long-unsigned},"
            "action_down:structure{script_logical_name:logical-name,script_selector:long-unsigned}}>"
        ),
        dynamic=True,
        writable=True,
    )

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
