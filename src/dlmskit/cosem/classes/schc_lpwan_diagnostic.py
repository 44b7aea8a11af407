"""Interface class 127, SCHC-LPWAN diagnostic (Blue Book): packets and fragments of SCHC, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class SchcLpwanDiagnostic(InterfaceClass, class_id=127, version=0, name="SCHC-LPWAN diagnostic", methods_at=0x40):
    """Counters of SCHC."""

    schc_packets_tx_counter = attribute(2, "double-long-unsigned", dynamic=True)
    schc_packets_rx_counter = attribute(3, "double-long-unsigned", dynamic=True)
    schc_fragments_tx_counter = attribute(4, "double-long-unsigned", dynamic=True)
    schc_fragments_rx_counter = attribute(5, "double-long-unsigned", dynamic=True)
    schc_ack_tx_counter = attribute(6, "double-long-unsigned", dynamic=True)
    schc_ack_rx_counter = attribute(7, "double-long-unsigned", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
