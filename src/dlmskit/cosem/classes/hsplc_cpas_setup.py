"""Interface class 141, HS-PLC ISO/IEC 12139-1 CPAS setup (Blue Book): the CPAS layer of high-speed PLC (ISO/IEC 12139-1)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class HsPlcCpasSetup(InterfaceClass, class_id=141, version=0, name="HS-PLC ISO/IEC 12139-1 CPAS setup"):
    """Addresses of the CPAS layer."""

    cpas_address = attribute(2, "long64-unsigned", writable=True)
    cpas_ether_type = attribute(3, "long-unsigned", writable=True)
    master_station_cpas_address = attribute(4, "long64-unsigned", writable=True)
