"""Interface class 160, G3-PLC Hybrid RF MAC layer counters (Blue Book): frames of the radio, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class G3HybridMacCounters(InterfaceClass, class_id=160, version=0, name="G3-PLC Hybrid RF MAC layer counters", methods_at=0x50):
    """Counters of the radio's MAC layer."""

    mac_retry_count_rf = attribute(2, "double-long-unsigned", dynamic=True, name="mac_retry_count_RF")
    mac_multiple_retry_count_rf = attribute(3, "double-long-unsigned", dynamic=True, name="mac_multiple_retry_count_RF")
    mac_tx_fail_count_rf = attribute(4, "double-long-unsigned", dynamic=True, name="mac_Tx_fail_count_RF")
    mac_tx_success_count_rf = attribute(5, "double-long-unsigned", dynamic=True, name="mac_Tx_success_count_RF")
    mac_fcs_error_count_rf = attribute(6, "double-long-unsigned", dynamic=True, name="mac_fcs_error_count_RF")
    mac_security_failure_count_rf = attribute(7, "double-long-unsigned", dynamic=True, name="mac_security_failure_count_RF")
    mac_duplicate_frame_count_rf = attribute(8, "double-long-unsigned", dynamic=True, name="mac_duplicate_frame_count_RF")
    mac_rx_success_count_rf = attribute(9, "double-long-unsigned", dynamic=True, name="mac_Rx_success_count_RF")

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
