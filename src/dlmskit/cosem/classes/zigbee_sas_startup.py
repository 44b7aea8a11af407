"""Interface class 101, ZigBee SAS startup (Blue Book): how a ZigBee device starts."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class ZigbeeSasStartup(InterfaceClass, class_id=101, version=0, name="ZigBee SAS startup"):
    """Start-up attribute set. Link key and network key are written, never read."""

    short_address = attribute(2, "long-unsigned", dynamic=True)
    extended_pan_id = attribute(3, "octet-string", dynamic=True)
    pan_id = attribute(4, "long-unsigned", dynamic=True)
    channel_mask = attribute(5, "double-long-unsigned", dynamic=True)
    protocol_version = attribute(6, "unsigned", writable=True)
    stack_profile = attribute(7, "enum", writable=True)
    start_up_control = attribute(8, "unsigned", dynamic=True)
    trust_center_address = attribute(9, "octet-string", dynamic=True)
    link_key = attribute(10, "octet-string", dynamic=True, secret=True)
    network_key = attribute(11, "octet-string", dynamic=True, secret=True)
    use_insecure_join = attribute(12, "boolean", writable=True)
