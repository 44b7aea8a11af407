"""Interface class 73, Wireless Mode Q channel (Blue Book): a wireless channel of mode Q (EN 13757-5)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class WirelessModeQChannel(InterfaceClass, class_id=73, version=1, name="Wireless Mode Q channel"):
    """Addresses of the node and of those above it."""

    addr_state = attribute(2, "enum{0=not_assigned,1=assigned}")
    device_address = attribute(3, "octet-string", writable=True)
    address_mask = attribute(4, "octet-string", writable=True)
