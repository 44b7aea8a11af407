"""Interface class 90, G3-PLC MAC layer counters (Blue Book): frames of the MAC layer of a G3-PLC node, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class G3MacCounters(InterfaceClass, class_id=90, version=1, name="G3-PLC MAC layer counters", methods_at=0x50):
    """Counters of the G3-PLC MAC layer."""

    mac_tx_data_packet_count = attribute(2, "double-long-unsigned", dynamic=True, name="mac_Tx_data_packet_count")
    mac_rx_data_packet_count = attribute(3, "double-long-unsigned", dynamic=True, name="mac_Rx_data_packet_count")
    mac_tx_cmd_packet_count = attribute(4, "double-long-unsigned", dynamic=True, name="mac_Tx_cmd_packet_count")
    mac_rx_cmd_packet_count = attribute(5, "double-long-unsigned", dynamic=True, name="mac_Rx_cmd_packet_count")
    mac_csma_fail_count = attribute(6, "double-long-unsigned", dynamic=True, name="mac_CSMA_fail_count")
    mac_csma_no_ack_count = attribute(7, "double-long-unsigned", dynamic=True, name="mac_CSMA_no_ACK_count")
    mac_bad_crc_count = attribute(8, "double-long-unsigned", dynamic=True, name="mac_bad_CRC_count")
    mac_tx_data_broadcast_count = attribute(9, "double-long-unsigned", dynamic=True, name="mac_Tx_data_broadcast_count")
    mac_rx_data_broadcast_count = attribute(10, "double-long-unsigned", dynamic=True, name="mac_Rx_data_broadcast_count")

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
