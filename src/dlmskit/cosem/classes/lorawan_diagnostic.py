"""Interface class 129, LoRaWAN diagnostic (Blue Book): frames of a LoRaWAN end device, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class LoRaWanDiagnostic(InterfaceClass, class_id=129, version=0, name="LoRaWAN diagnostic", methods_at=0x70):
    """Counters and signal of LoRaWAN."""

    internal_error_code = attribute(2, "enum", dynamic=True)
    out_frames_u_counter = attribute(3, "double-long-unsigned", dynamic=True)
    out_frames_c_counter = attribute(4, "double-long-unsigned", dynamic=True)
    in_frames_u_counter = attribute(5, "double-long-unsigned", dynamic=True)
    in_frames_c_counter = attribute(6, "double-long-unsigned", dynamic=True)
    in_mac_command_counter = attribute(7, "double-long-unsigned", dynamic=True)
    in_mac_ans_error_counter = attribute(8, "double-long-unsigned", dynamic=True)
    in_mac_ignored_counter = attribute(9, "double-long-unsigned", dynamic=True)
    in_per = attribute(10, "integer", dynamic=True)
    in_mean_rssi_rx1 = attribute(11, "integer", dynamic=True)
    in_mean_snr_rx1 = attribute(12, "integer", dynamic=True)
    in_mean_rssi_rx2 = attribute(13, "integer", dynamic=True)
    in_mean_snr_rx2 = attribute(14, "integer", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
