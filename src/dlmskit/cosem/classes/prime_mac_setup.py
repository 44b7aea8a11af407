"""Interface class 82, PRIME NB OFDM PLC MAC setup (Blue Book): parameters of the MAC layer of a PRIME node."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class PrimeMacSetup(InterfaceClass, class_id=82, version=0, name="PRIME NB OFDM PLC MAC setup"):
    """Windows and times of the PRIME MAC layer."""

    mac_min_switch_search_time = attribute(2, "unsigned", writable=True)
    mac_max_promotion_pdu = attribute(3, "unsigned", writable=True)
    mac_promotion_pdu_tx_period = attribute(4, "unsigned", writable=True)
    mac_beacons_per_frame = attribute(5, "unsigned", writable=True)
    mac_scp_max_tx_attempts = attribute(6, "unsigned", writable=True)
    mac_ctl_re_tx_timer = attribute(7, "unsigned", writable=True)
    mac_max_ctl_re_tx = attribute(8, "unsigned", writable=True)
