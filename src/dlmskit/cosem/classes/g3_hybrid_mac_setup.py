"""Interface class 161, G3-PLC Hybrid RF MAC setup (Blue Book): the radio's MAC layer of a G3-PLC hybrid node."""

from __future__ import annotations

from dlmskit.cosem.declaration import absent_method, attribute
from dlmskit.cosem.model import InterfaceClass


class G3HybridMacSetup(InterfaceClass, class_id=161, version=1, name="G3-PLC Hybrid RF MAC setup", methods_at=0x130):
    """Parameters of the radio's MAC layer."""

    mac_max_be_rf = attribute(2, "unsigned", writable=True, name="mac_max_BE_RF")
    mac_max_csma_backoffs_rf = attribute(3, "unsigned", writable=True, name="mac_max_CSMA_backoffs_RF")
    mac_max_frame_retries_rf = attribute(4, "unsigned", writable=True, name="mac_max_frame_retries_RF")
    mac_min_be_rf = attribute(5, "unsigned", writable=True, name="mac_min_BE_RF")
    mac_frame_counter_rf = attribute(6, "double-long-unsigned", dynamic=True, name="mac_frame_counter_RF")
    mac_duplicate_detection_ttl_rf = attribute(7, "unsigned", writable=True, name="mac_duplicate_detection_TTL_RF")
    mac_pos_table_rf = attribute(8, "array<any>", dynamic=True, name="mac_POS_table_RF")
    mac_operating_mode_rf = attribute(9, "unsigned", writable=True, name="mac_operating_mode_RF")
    mac_channel_number_rf = attribute(10, "long-unsigned", writable=True, name="mac_channel_number_RF")
    mac_duty_cycle_usage_rf = attribute(11, "unsigned", dynamic=True, name="mac_duty_cycle_usage_RF")
    mac_duty_cycle_period_rf = attribute(12, "long-unsigned", writable=True, name="mac_duty_cycle_period_RF")
    mac_duty_cycle_limit_rf = attribute(13, "long-unsigned", writable=True, name="mac_duty_cycle_limit_RF")
    mac_duty_cycle_threshold_rf = attribute(14, "unsigned", writable=True, name="mac_duty_cycle_threshold_RF")
    mac_disable_phy_rf = attribute(15, "boolean", writable=True, name="mac_disable_PHY_RF")
    mac_frequency_band_rf = attribute(16, "enum", writable=True, name="mac_frequency_band_RF")
    mac_transmit_atten_rf = attribute(17, "unsigned", writable=True, name="mac_transmit_atten_RF")
    mac_adaptive_power_step_rf = attribute(18, "unsigned", writable=True, name="mac_adaptive_power_step_RF")
    mac_adaptive_power_high_bound_rf = attribute(19, "unsigned", writable=True, name="mac_adaptive_power_high_bound_RF")
    mac_adaptive_power_low_bound_rf = attribute(20, "unsigned", writable=True, name="mac_adaptive_power_low_bound_RF")
    mac_pos_recent_entries_rf = attribute(21, "long-unsigned", dynamic=True, name="mac_POS_recent_entries_RF")
    mac_hopping_enabled_rf = attribute(22, "boolean", writable=True, name="mac_hopping_enabled_RF")
    mac_broadcast_interval_duration_rf = attribute(23, "long-unsigned", writable=True, name="mac_broadcast_interval_duration_RF")
    mac_broadcast_slot_duration_rf = attribute(24, "unsigned", writable=True, name="mac_broadcast_slot_duration_RF")
    mac_unicast_slot_duration_rf = attribute(25, "unsigned", writable=True, name="mac_unicast_slot_duration_RF")
    mac_extended_bitmap_rf = attribute(26, "bit-string", writable=True, name="mac_extended_bitmap_RF")
    mac_beacon_randomization_window_length_rf = attribute(
        27, "long-unsigned", writable=True, name="mac_beacon_randomization_window_length_RF"
    )
    mac_additional_channel_scan_time_rf = attribute(28, "unsigned", writable=True, name="mac_additional_channel_scan_time_RF")
    mac_max_cca_attempts_retries_rf = attribute(29, "unsigned", writable=True, name="mac_max_cca_attempts_retries_RF")
    mac_min_inter_tx_interval_rf = attribute(30, "long-unsigned", writable=True, name="mac_min_inter_Tx_interval_RF")
    mac_initial_retry_time_rf = attribute(31, "long-unsigned", writable=True, name="mac_initial_retry_time_RF")
    mac_maximum_retry_time_rf = attribute(32, "long-unsigned", writable=True, name="mac_maximum_retry_time_RF")
    mac_max_clock_drift_rf = attribute(33, "unsigned", writable=True, name="mac_max_clock_drift_RF")
    mac_fh_unicast_schedule_address_rf = attribute(34, "long-unsigned", writable=True, name="mac_FH_unicast_schedule_address_RF")
    mac_fh_unicast_slot_number_rf = attribute(35, "long-unsigned", writable=True, name="mac_FH_unicast_slot_number_RF")
    mac_fh_unicast_offset_rf = attribute(36, "unsigned", writable=True, name="mac_FH_unicast_offset_RF")
    mac_min_guard_time_rf = attribute(37, "unsigned", writable=True, name="mac_min_guard_time_RF")
    mac_max_bcast_resync_wait_unit_rf = attribute(38, "unsigned", writable=True, name="mac_max_bcast_resync_wait_unit_RF")
    mac_get_pos_table_entry_rf = absent_method(1, "any", name="mac_get_POS_table_entry_RF")
