"""Interface class 43, MAC address setup (Blue Book): the MAC address of an interface."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class MacAddressSetup(InterfaceClass, class_id=43, version=0, name="MAC address setup"):
    """The address of an Ethernet, PRIME (EUI-48) or Euridis interface."""

    mac_address = attribute(2, "octet-string", writable=True, name="MAC_address")
