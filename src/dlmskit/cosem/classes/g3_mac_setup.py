"""Interface class 91, G3-PLC MAC setup (Blue Book): parameters of the MAC layer of a G3-PLC node."""

from __future__ import annotations

from typing import Any

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass

NEIGHBOURS = (
    "array<structure{short_address:long-unsigned,payload_modulation_scheme:boolean,tone_map:bit-string,"
    "modulation:enum,tx_gain:integer,tx_res:enum,tx_coeff:bit-string,lqi:unsigned,phase_differential:integer,"
    "TMR_valid_time:unsigned,neighbour_valid_time:unsigned}>"
)
POS_ENTRIES = "array<structure{short_address:long-unsigned,LQI:unsigned,valid_time:unsigned}>"


class G3MacSetupV1(InterfaceClass, class_id=91, version=1, name="G3-PLC MAC setup"):
    """Version 1."""

    mac_short_address = attribute(2, "long-unsigned", dynamic=True)
    mac_rc_coord = attribute(3, "long-unsigned", dynamic=True, name="mac_RC_coord")
    mac_pan_id = attribute(4, "long-unsigned", dynamic=True, name="mac_PAN_id")
    mac_key_table = attribute(5, "array<structure{key_id:unsigned,key:octet-string}>", dynamic=True)
    mac_frame_counter = attribute(6, "double-long-unsigned", dynamic=True)
    mac_tone_mask = attribute(7, "bit-string", writable=True)
    mac_tmr_ttl = attribute(8, "unsigned", writable=True, name="mac_TMR_TTL")
    mac_max_frame_retries = attribute(9, "unsigned", writable=True)
    mac_pos_table_entry_ttl = attribute(10, "unsigned", writable=True, name="mac_POS_table_entry_TTL")
    mac_neighbour_table = attribute(11, NEIGHBOURS, dynamic=True)
    mac_high_priority_window_size = attribute(12, "unsigned", writable=True)
    mac_csma_fairness_limit = attribute(13, "unsigned", writable=True, name="mac_CSMA_fairness_limit")
    mac_beacon_randomization_window_length = attribute(14, "unsigned", writable=True)
    mac_a = attribute(15, "unsigned", writable=True, name="mac_A")
    mac_k = attribute(16, "unsigned", writable=True, name="mac_K")
    mac_min_cw_attempts = attribute(17, "unsigned", writable=True, name="mac_min_CW_attempts")
    mac_cenelec_legacy_mode = attribute(18, "unsigned", writable=True)
    mac_fcc_legacy_mode = attribute(19, "unsigned", writable=True, name="mac_FCC_legacy_mode")
    mac_max_be = attribute(20, "unsigned", writable=True, name="mac_max_BE")
    mac_max_csma_backoffs = attribute(21, "unsigned", writable=True, name="mac_max_CSMA_backoffs")
    mac_min_be = attribute(22, "unsigned", writable=True, name="mac_min_BE")

    @method(1, "long-unsigned", NEIGHBOURS)
    def mac_get_neighbour_table_entry(self, short_address: int) -> list[Any]:
        """The rows of the neighbour table of one node; none where it is no neighbour."""
        return [row for row in self.mac_neighbour_table if row[0] == short_address]


class G3MacSetupV2(G3MacSetupV1, version=2):
    """Version 2: broadcast window, attenuation, POS table."""

    mac_broadcast_max_cw_enabled = attribute(23, "boolean", writable=True, name="mac_broadcast_max_CW_enabled")
    mac_transmit_atten = attribute(24, "unsigned", writable=True)
    mac_pos_table = attribute(25, POS_ENTRIES, dynamic=True, name="mac_POS_table")


class G3MacSetupV3(G3MacSetupV2, version=3):
    """Version 3: duplicate detection."""

    mac_duplicate_detection_ttl = attribute(26, "unsigned", writable=True, name="mac_duplicate_detection_TTL")

    @method(2, "long-unsigned", POS_ENTRIES, name="mac_get_POS_table_entry")
    def mac_get_pos_table_entry(self, short_address: int) -> list[Any]:
        """The rows of the POS table of one node; none where it is not in reach."""
        return [row for row in self.mac_pos_table if row[0] == short_address]


class G3MacSetup(G3MacSetupV3, version=4, methods_at=0xE8):
    """Version 4: recent POS entries, preamble."""

    mac_pos_recent_entry_threshold = attribute(27, "unsigned", writable=True, name="mac_POS_recent_entry_threshold")
    mac_pos_recent_entries = attribute(28, "long-unsigned", writable=True, name="mac_POS_recent_entries")
    mac_preamble_length = attribute(29, "unsigned", writable=True)
