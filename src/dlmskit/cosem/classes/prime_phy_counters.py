"""Interface class 81, PRIME NB OFDM PLC Physical layer counters (Blue Book): physical layer of a PRIME node, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class PrimePhyCounters(InterfaceClass, class_id=81, version=0, name="PRIME NB OFDM PLC Physical layer counters", methods_at=0x28):
    """Errors of the PRIME physical layer."""

    phy_stats_crc_incorrect_count = attribute(2, "long-unsigned", dynamic=True)
    phy_stats_crc_fail_count = attribute(3, "long-unsigned", dynamic=True)
    phy_stats_tx_drop_count = attribute(4, "long-unsigned", dynamic=True)
    phy_stats_rx_drop_count = attribute(5, "long-unsigned", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
