"""Interface class 92, G3-PLC 6LoWPAN adaptation layer setup (Blue Book): 6LoWPAN in a G3-PLC node."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class G36LowpanSetupV0(InterfaceClass, class_id=92, version=0, name="G3-PLC 6LoWPAN adaptation layer setup"):
    """Version 0."""

    adp_max_hops = attribute(2, "unsigned", writable=True)
    adp_weak_lqi_value = attribute(3, "unsigned", writable=True, name="adp_weak_LQI_value")
    adp_security_level = attribute(4, "unsigned", writable=True)
    adp_prefix_table = attribute(5, "array<unsigned>", dynamic=True)
    adp_routing_configuration = attribute(
        6,
        (
            "array<structure{adp_net_traversal_time:unsigned,adp_routing_table_entry_TTL:long-unsigned,adp_Kr:unsigned,"
            "adp_Km:unsigned,adp_Kc:unsigned,adp_Kq:unsigned,adp_Kh:unsigned,adp_Krt:unsigned,adp_RREQ_retries:unsigned,"
            "adp_RREQ_RERR_wait:unsigned,adp_blacklist_table_entry_TTL:long-unsigned,adp_unicast_RREQ_gen_enable:boolean,"
            "adp_RLC_enabled:boolean,adp_add_rev_link_cost:unsigned}>"
        ),
        writable=True,
    )
    adp_broadcast_log_table_entry_ttl = attribute(7, "long-unsigned", writable=True, name="adp_broadcast_log_table_entry_TTL")
    adp_routing_table = attribute(
        8,
        (
            "array<structure{destination_address:long-unsigned,next_hop_address:long-unsigned,route_cost:long-unsigned,"
            "hop_count:unsigned,weak_link_count:unsigned,valid_time:long-unsigned}>"
        ),
        dynamic=True,
    )
    adp_context_information_table = attribute(
        9,
        ("array<structure{CID:bit-string,context_length:unsigned,context:octet-string,C:boolean,valid_lifetime:long-unsigned}>"),
        dynamic=True,
    )
    adp_blacklist_table = attribute(
        10, "array<structure{blacklisted_neighbour_address:long-unsigned,valid_time:long-unsigned}>", dynamic=True
    )
    adp_broadcast_log_table = attribute(
        11, "array<structure{source_address:long-unsigned,sequence_number:unsigned,valid_time:long-unsigned}>", dynamic=True
    )
    adp_group_table = attribute(12, "array<long-unsigned>", dynamic=True)
    adp_max_join_wait_time = attribute(13, "long-unsigned", writable=True)
    adp_path_discovery_time = attribute(14, "unsigned", writable=True)
    adp_active_key_index = attribute(15, "unsigned", writable=True)
    adp_metric_type = attribute(16, "unsigned", writable=True)


class G36LowpanSetupV1(G36LowpanSetupV0, version=1):
    """Version 1: coordinator, default routing, device type."""

    adp_coord_short_address = attribute(17, "long-unsigned", writable=True)
    adp_disable_default_routing = attribute(18, "boolean", writable=True)
    adp_device_type = attribute(19, "enum{0=PAN_device,1=PAN_coordinator,2=not_defined}", writable=True)


class G36LowpanSetupV2(G36LowpanSetupV1, version=2):
    """Version 2: default route, set of destinations."""

    adp_default_coord_route_enabled = attribute(20, "boolean", writable=True)
    adp_destination_address_set = attribute(21, "array<long-unsigned>", dynamic=True)


class G36LowpanSetupV3(G36LowpanSetupV2, version=3):
    """Version 3: thresholds of link quality."""

    adp_low_lqi_value = attribute(22, "unsigned", writable=True, name="adp_low_LQI_value")
    adp_high_lqi_value = attribute(23, "unsigned", writable=True, name="adp_high_LQI_value")


class G36LowpanSetup(G36LowpanSetupV3, version=4):
    """Version 4: trickle and clusters."""

    adp_delay_low_lqi = attribute(24, "long-unsigned", writable=True, name="adp_delay_low_LQI")
    adp_delay_high_lqi = attribute(25, "long-unsigned", writable=True, name="adp_delay_high_LQI")
    adp_rreq_jitter_low_lqi = attribute(26, "unsigned", writable=True, name="adp_RREQ_jitter_low_LQI")
    adp_rreq_jitter_high_lqi = attribute(27, "unsigned", writable=True, name="adp_RREQ_jitter_high_LQI")
    adp_trickle_data_enabled = attribute(28, "boolean", writable=True)
    adp_trickle_lqi_threshold_low = attribute(29, "unsigned", writable=True, name="adp_trickle_LQI_threshold_low")
    adp_trickle_step = attribute(30, "unsigned", writable=True)
    adp_trickle_imin = attribute(31, "long-unsigned", writable=True, name="adp_trickle_Imin")
    adp_trickle_max_ki = attribute(32, "unsigned", writable=True, name="adp_trickle_max_Ki")
    adp_trickle_adaptive_imin = attribute(33, "boolean", writable=True, name="adp_trickle_adaptive_Imin")
    adp_trickle_adaptive_ki = attribute(34, "boolean", writable=True, name="adp_trickle_adaptive_Ki")
    adp_cluster_trickle_enabled = attribute(35, "boolean", writable=True)
    adp_cluster_min_lqi = attribute(36, "unsigned", writable=True, name="adp_cluster_min_LQI")
    adp_cluster_trickle_k = attribute(37, "unsigned", writable=True, name="adp_cluster_trickle_K")
    adp_cluster_rreq_route_cost_deviation = attribute(38, "unsigned", writable=True, name="adp_cluster_RREQ_route_cost_deviation")
    adp_cluster_trickle_i = attribute(39, "long-unsigned", writable=True, name="adp_cluster_trickle_I")
    adp_trickle_lqi_threshold_high = attribute(40, "unsigned", writable=True, name="adp_trickle_LQI_threshold_high")
