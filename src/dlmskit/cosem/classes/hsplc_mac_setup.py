"""Interface class 140, HS-PLC ISO/IEC 12139-1 MAC setup (Blue Book): the MAC layer of high-speed PLC (ISO/IEC 12139-1)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class HsPlcMacSetup(InterfaceClass, class_id=140, version=0, name="HS-PLC ISO/IEC 12139-1 MAC setup"):
    """Groups, stations and encryption. The initial key is written, never read."""

    group_id = attribute(2, "long64-unsigned", writable=True)
    secondary_group_id = attribute(3, "long64-unsigned", writable=True)
    station_id = attribute(4, "long64-unsigned", writable=True)
    parent_station_id = attribute(5, "long64-unsigned", writable=True)
    repeater_status = attribute(6, "boolean", writable=True)
    encryption_mode = attribute(7, "enum", writable=True)
    initial_encryption_key = attribute(8, "octet-string", secret=True)
    rts_cts = attribute(9, "boolean", writable=True, name="rts/cts")
