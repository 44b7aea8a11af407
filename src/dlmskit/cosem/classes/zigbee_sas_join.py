"""Interface class 102, ZigBee SAS join (Blue Book): how a ZigBee device joins a network."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class ZigbeeSasJoin(InterfaceClass, class_id=102, version=0, name="ZigBee SAS join"):
    """Scans and rejoins, in the units of the ZigBee start-up attribute set."""

    scan_attempts = attribute(2, "unsigned", writable=True)
    time_between_scans = attribute(3, "long-unsigned", writable=True)
    rejoin_interval = attribute(4, "long-unsigned", writable=True)
    rejoin_retry_interval = attribute(5, "long-unsigned", writable=True)
