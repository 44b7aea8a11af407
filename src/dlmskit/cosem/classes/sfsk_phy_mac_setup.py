"""Interface class 50, S-FSK Phy&MAC set-up (Blue Book): physical and MAC layer (IEC 61334-5-1)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class SfskPhyMacSetup(InterfaceClass, class_id=50, version=1, name="S-FSK Phy&MAC set-up"):
    """Gains in dB, frequencies in Hz, addresses and repeater of an S-FSK server."""

    initiator_electrical_phase = attribute(2, "enum{0=not_defined,1=phase_1,2=phase_2,3=phase_3}", writable=True)
    delta_electrical_phase = attribute(
        3,
        "enum{0=not_defined,1=same_phase,2=60_degrees,3=120_degrees,4=180_degrees,5=minus_120_degrees,6=minus_60_degrees}",
        dynamic=True,
    )
    max_receiving_gain = attribute(4, "unsigned", writable=True)
    max_transmitting_gain = attribute(5, "unsigned", writable=True)
    search_initiator_threshold = attribute(6, "unsigned", writable=True)
    frequencies = attribute(
        7, "structure{mark_frequency:double-long-unsigned,space_frequency:double-long-unsigned}", writable=True
    )
    mac_address = attribute(8, "long-unsigned", dynamic=True)
    mac_group_addresses = attribute(9, "array<long-unsigned>", writable=True)
    repeater = attribute(10, "enum{0=never,1=always,2=dynamic}", writable=True)
    repeater_status = attribute(11, "boolean", dynamic=True)
    min_delta_credit = attribute(12, "unsigned", dynamic=True)
    initiator_mac_address = attribute(13, "long-unsigned", dynamic=True)
    synchronization_locked = attribute(14, "boolean", dynamic=True)
    transmission_speed = attribute(15, "enum{0=300,1=600,2=1200,3=2400,4=4800}", writable=True)
