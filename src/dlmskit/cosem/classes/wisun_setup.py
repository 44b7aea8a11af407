"""Interface class 95, Wi-SUN setup (Blue Book): a Wi-SUN node."""

from __future__ import annotations

from dlmskit.cosem.declaration import absent_method, attribute
from dlmskit.cosem.model import InterfaceClass


class WiSunSetup(InterfaceClass, class_id=95, version=0, name="Wi-SUN setup", methods_at=0x78):
    """Network, channels and timers of a Wi-SUN node."""

    network_name = attribute(2, "octet-string", writable=True)
    routing_method = attribute(3, "enum", dynamic=True)
    pan_id = attribute(4, "long-unsigned", dynamic=True)
    disc_imin = attribute(5, "unsigned", writable=True)
    disc_imax = attribute(6, "unsigned", writable=True)
    data_message_imin = attribute(7, "unsigned", writable=True)
    data_message_imax = attribute(8, "unsigned", writable=True)
    default_dio_interval_min = attribute(9, "unsigned", writable=True)
    default_dio_interval_doublings = attribute(10, "unsigned", writable=True)
    channel_plan = attribute(11, "any", writable=True)
    channel_function = attribute(12, "enum", writable=True)
    excluded_channels = attribute(13, "any", writable=True)
    join_state = attribute(14, "enum", dynamic=True)
    reg_channel_exclusions = attribute(15, "any", writable=True)
    reset_join_state = absent_method(1)
