"""Interface class 25, M-Bus slave port setup (Blue Book): a meter that is a slave on a wired M-Bus (EN 13757-2)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class MBusSlavePortSetup(InterfaceClass, class_id=25, version=0, name="M-Bus slave port setup"):
    """Speed and address of the M-Bus slave port."""

    default_baud = attribute(2, "enum{0=300,3=2400,5=9600}", writable=True)
    avail_baud = attribute(3, "enum{0=300,3=2400,5=9600}", writable=True)
    addr_state = attribute(4, "enum{0=not_assigned,1=assigned}", dynamic=True)
    bus_address = attribute(5, "unsigned", writable=True)
