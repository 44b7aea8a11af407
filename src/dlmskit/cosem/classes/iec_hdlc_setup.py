"""Interface class 23, IEC HDLC setup (Blue Book 4.7.2): parameters of the HDLC link."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.kinds import BAUD_RATE
from dlmskit.cosem.model import InterfaceClass


class IecHdlcSetupV0(InterfaceClass, class_id=23, version=0, name="IEC HDLC setup"):
    """Version 0: information fields of at most 128 octets."""

    comm_speed = attribute(2, BAUD_RATE, writable=True, default=5)
    window_size_transmit = attribute(3, "unsigned", writable=True, default=1, within=(1, 7))
    window_size_receive = attribute(4, "unsigned", writable=True, default=1, within=(1, 7))
    max_info_field_length_transmit = attribute(5, "unsigned", writable=True, default=128, within=(32, 128))
    max_info_field_length_receive = attribute(6, "unsigned", writable=True, default=128, within=(32, 128))
    inter_octet_time_out = attribute(7, "long-unsigned", writable=True, default=25)
    inactivity_time_out = attribute(8, "long-unsigned", writable=True, default=120)
    device_address = attribute(9, "long-unsigned", writable=True, default=16)


class IecHdlcSetup(IecHdlcSetupV0, version=1):
    """Version 1: longer information fields. Time-outs are in ms between octets, in s without traffic (0: never)."""

    max_info_field_length_transmit = attribute(5, "long-unsigned", writable=True, default=128, within=(32, 2030))
    max_info_field_length_receive = attribute(6, "long-unsigned", writable=True, default=128, within=(32, 2030))
    inter_octet_time_out = attribute(7, "long-unsigned", writable=True, default=25, within=(20, 6000))
    device_address = attribute(9, "long-unsigned", writable=True, default=16, within=(0x10, 0x3FFD))
