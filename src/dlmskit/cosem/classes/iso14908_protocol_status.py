"""Interface class 132, ISO/IEC 14908 protocol status (Blue Book): messages of ISO/IEC 14908, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class Iso14908ProtocolStatus(InterfaceClass, class_id=132, version=0, name="ISO/IEC 14908 protocol status", methods_at=0x70):
    """Counters of the protocol; a server made by IEC 62056-8-8:2020 may lack reset."""

    transmission_errors = attribute(2, "long-unsigned", dynamic=True)
    transmit_tx_failure = attribute(3, "long-unsigned", dynamic=True)
    transmit_tx_retries = attribute(4, "long-unsigned", dynamic=True)
    receive_tx_full = attribute(5, "long-unsigned", dynamic=True)
    lost_messages = attribute(6, "long-unsigned", dynamic=True)
    missed_messages = attribute(7, "long-unsigned", dynamic=True)
    layer2_received = attribute(8, "long-unsigned", dynamic=True)
    layer3_received = attribute(9, "long-unsigned", dynamic=True)
    messages_received = attribute(10, "double-long-unsigned", dynamic=True)
    messages_validated = attribute(11, "double-long-unsigned", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
