"""Interface class 84, PRIME NB OFDM PLC MAC counters (Blue Book): frames of the MAC layer of a PRIME node, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class PrimeMacCounters(InterfaceClass, class_id=84, version=0, name="PRIME NB OFDM PLC MAC counters", methods_at=0x40):
    """Counters of the PRIME MAC layer."""

    mac_tx_data_pkt_count = attribute(2, "double-long-unsigned", dynamic=True)
    mac_rx_data_pkt_count = attribute(3, "double-long-unsigned", dynamic=True)
    mac_tx_ctrl_pkt_count = attribute(4, "double-long-unsigned", dynamic=True)
    mac_rx_ctrl_pkt_count = attribute(5, "double-long-unsigned", dynamic=True)
    mac_csma_fail_count = attribute(6, "double-long-unsigned", dynamic=True)
    mac_csma_ch_busy_count = attribute(7, "double-long-unsigned", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
