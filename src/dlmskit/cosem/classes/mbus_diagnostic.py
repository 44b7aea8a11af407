"""Interface class 77, M-Bus diagnostic (Blue Book): reception of a wireless M-Bus port, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class MBusDiagnostic(InterfaceClass, class_id=77, version=0, name="M-Bus diagnostic"):
    """Signal and frames of an M-Bus port."""

    received_signal_strength = attribute(2, "unsigned", dynamic=True)
    channel_id = attribute(3, "unsigned", dynamic=True, name="channel_Id")
    link_status = attribute(4, "enum{0=none,1=normal,2=temporarily_interrupted,3=permanently_interrupted}", dynamic=True)
    broadcast_frames_counter = attribute(
        5, "array<structure{client_id:unsigned,counter:double-long-unsigned,time_stamp:date-time}>", dynamic=True
    )
    transmissions_counter = attribute(6, "double-long-unsigned", dynamic=True)
    fcs_ok_frames_counter = attribute(7, "double-long-unsigned", dynamic=True, name="FCS_OK_frames_counter")
    fcs_nok_frames_counter = attribute(8, "double-long-unsigned", dynamic=True, name="FCS_NOK_frames_counter")
    capture_time = attribute(9, "structure{attribute_id:unsigned,timestamp:date-time}", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
