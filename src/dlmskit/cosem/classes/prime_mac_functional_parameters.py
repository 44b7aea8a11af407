"""Interface class 83, PRIME NB OFDM PLC MAC functional parameters (Blue Book): where a PRIME node is in its subnetwork."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class PrimeMacFunctionalParameters(InterfaceClass, class_id=83, version=0, name="PRIME NB OFDM PLC MAC functional parameters"):
    """Node, switch and state in a PRIME subnetwork."""

    mac_lnid = attribute(2, "long", writable=True, name="mac_LNID")
    mac_lsid = attribute(3, "unsigned", writable=True, name="mac_LSID")
    mac_sid = attribute(4, "unsigned", writable=True, name="mac_SID")
    mac_sna = attribute(5, "octet-string", writable=True, name="mac_SNA")
    mac_state = attribute(6, "enum{0=disconnected,1=terminal,2=switch,3=base}", writable=True)
    mac_scp_length = attribute(7, "long", writable=True)
    mac_node_hierarchy_level = attribute(8, "unsigned", writable=True)
    mac_beacon_slot_count = attribute(9, "unsigned", writable=True)
    mac_beacon_rx_slot = attribute(10, "unsigned", writable=True)
    mac_beacon_tx_slot = attribute(11, "unsigned", writable=True)
    mac_beacon_rx_frequency = attribute(12, "unsigned", writable=True)
    mac_beacon_tx_frequency = attribute(13, "unsigned", writable=True)
    mac_capabilities = attribute(14, "long-unsigned", writable=True)
