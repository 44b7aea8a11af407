"""Interface class 52, S-FSK MAC synchronization timeouts (Blue Book): time-outs of synchronisation in an S-FSK network."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class SfskMacSynchronizationTimeouts(InterfaceClass, class_id=52, version=0, name="S-FSK MAC synchronization timeouts"):
    """Time-outs in s."""

    search_initiator_timeout = attribute(2, "long-unsigned", writable=True)
    synchronization_confirmation_timeout = attribute(3, "long-unsigned", writable=True)
    time_out_not_addressed = attribute(4, "long-unsigned", writable=True)
    time_out_frame_not_ok = attribute(5, "long-unsigned", writable=True, name="time_out_frame_not_OK")
