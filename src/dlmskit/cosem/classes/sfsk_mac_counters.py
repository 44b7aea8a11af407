"""Interface class 53, S-FSK MAC counters (Blue Book): frames and synchronisations of an S-FSK server, counted."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass


class SfskMacCounters(InterfaceClass, class_id=53, version=0, name="S-FSK MAC counters"):
    """Counters of the S-FSK MAC layer."""

    synchronization_register = attribute(
        2, "array<structure{mac_address:long-unsigned,counter:double-long-unsigned}>", dynamic=True
    )
    desynchronization_listing = attribute(
        3,
        (
            "structure{nb_physical_layer_desynchronization:double-long-unsigned,"
            "nb_time_out_not_addressed_desynchronization:double-long-unsigned,"
            "nb_time_out_frame_not_OK_desynchronization:double-long-unsigned,"
            "nb_write_request_desynchronization:double-long-unsigned,"
            "nb_wrong_initiator_desynchronization:double-long-unsigned}"
        ),
        dynamic=True,
    )
    broadcast_frames_counter = attribute(
        4, "array<structure{mac_address:long-unsigned,counter:double-long-unsigned}>", dynamic=True
    )
    repetitions_counter = attribute(5, "double-long-unsigned", dynamic=True)
    transmissions_counter = attribute(6, "double-long-unsigned", dynamic=True)
    crc_ok_frames_counter = attribute(7, "double-long-unsigned", dynamic=True, name="CRC_OK_frames_counter")
    crc_nok_frames_counter = attribute(8, "double-long-unsigned", dynamic=True, name="CRC_NOK_frames_counter")

    @method(1)
    def reset(self) -> None:
        """Set back what the device counts and notes."""
        self.reset_dynamic()
