"""Interface class 105, ZigBee tunnel setup (Blue Book): a tunnel through a ZigBee network."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class ZigbeeTunnelSetup(InterfaceClass, class_id=105, version=0, name="ZigBee tunnel setup"):
    """Sizes in octets, time-out in s."""

    maximum_incoming_transfer_size = attribute(2, "long-unsigned", writable=True)
    maximum_outgoing_transfer_size = attribute(3, "long-unsigned", writable=True)
    protocol_address = attribute(4, "octet-string", writable=True)
    close_tunnel_timeout = attribute(5, "long-unsigned", writable=True)
