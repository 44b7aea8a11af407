"""Interface class 162, G3-PLC Hybrid 6LoWPAN adaptation layer setup (Blue Book): 6LoWPAN of power line and radio."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class G3Hybrid6LowpanSetup(InterfaceClass, class_id=162, version=1, name="G3-PLC Hybrid 6LoWPAN adaptation layer setup"):
    """Routing over power line and radio."""

    adp_routing_table = attribute(2, "array<any>", dynamic=True)
    adp_blacklist_table = attribute(3, "array<any>", dynamic=True)
    adp_low_lqi_value_rf = attribute(4, "unsigned", writable=True, name="adp_low_LQI_value_RF")
    adp_high_lqi_value_rf = attribute(5, "unsigned", writable=True, name="adp_high_LQI_value_RF")
    adp_routing_configuration_rf = attribute(6, "array<any>", writable=True, name="adp_routing_configuration_RF")
    adp_use_backup_media = attribute(7, "boolean", writable=True)
    adp_weak_lqi_value_rf = attribute(8, "unsigned", writable=True, name="adp_weak_LQI_value_RF")
    adp_trickle_lqi_threshold_low_rf = attribute(9, "unsigned", writable=True, name="adp_trickle_LQI_threshold_low_RF")
    adp_delay_low_lqi_rf = attribute(10, "long-unsigned", writable=True, name="adp_delay_low_LQI_RF")
    adp_delay_high_lqi_rf = attribute(11, "long-unsigned", writable=True, name="adp_delay_high_LQI_RF")
    adp_rreq_jitter_low_lqi_rf = attribute(12, "unsigned", writable=True, name="adp_RREQ_jitter_low_LQI_RF")
    adp_rreq_jitter_high_lqi_rf = attribute(13, "unsigned", writable=True, name="adp_RREQ_jitter_high_LQI_RF")
    adp_cluster_trickle_i_rf = attribute(14, "long-unsigned", writable=True, name="adp_cluster_trickle_I_RF")
    adp_cluster_trickle_k_rf = attribute(15, "unsigned", writable=True, name="adp_cluster_trickle_K_RF")
    adp_cluster_min_lqi_rf = attribute(16, "unsigned", writable=True, name="adp_cluster_min_LQI_RF")
    adp_last_gasp = attribute(17, "boolean", writable=True)
    adp_probing_interval = attribute(18, "unsigned", writable=True)
    adp_trickle_lqi_threshold_high_rf = attribute(19, "unsigned", writable=True, name="adp_trickle_LQI_threshold_high_RF")
