"""Interface class 133, ISO/IEC 14908 diagnostic (Blue Book): the signal and the buffers of a node of ISO/IEC 14908."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class Iso14908Diagnostic(InterfaceClass, class_id=133, version=0, name="ISO/IEC 14908 diagnostic", methods_at=0x60):
    """Signal and buffers; a server made by IEC 62056-8-8:2020 may lack reset."""

    plc_signal_quality_status = attribute(2, "enum", dynamic=True)
    com_module_state = attribute(3, "enum", dynamic=True)
    received_message_status = attribute(4, "unsigned", dynamic=True)
    no_receive_buffer = attribute(5, "long-unsigned", dynamic=True)
    transmit_no_data = attribute(6, "long-unsigned", dynamic=True)
    backlog_overflows = attribute(7, "long-unsigned", dynamic=True)
    late_ack = attribute(8, "long-unsigned", dynamic=True)
    frequency_invalid = attribute(9, "long-unsigned", dynamic=True)

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
