"""Interface class 142, HS-PLC ISO/IEC 12139-1 IP SSAS setup (Blue Book): IP over high-speed PLC (ISO/IEC 12139-1)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class HsPlcIpSsasSetup(InterfaceClass, class_id=142, version=0, name="HS-PLC ISO/IEC 12139-1 IP SSAS setup"):
    """Header compression, and the time of life."""

    ip_header_comp_type = attribute(2, "enum", writable=True)
    ip_alive_time = attribute(3, "long-unsigned", writable=True)
