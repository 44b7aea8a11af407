"""Interface class 103, ZigBee SAS APS fragmentation (Blue Book): fragments of the ZigBee APS layer."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class ZigbeeSasApsFragmentation(InterfaceClass, class_id=103, version=0, name="ZigBee SAS APS fragmentation"):
    """Delay and window of fragments."""

    aps_interframe_delay = attribute(2, "long-unsigned", writable=True)
    aps_max_window_size = attribute(3, "long-unsigned", writable=True)
