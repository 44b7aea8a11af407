"""Interface class 143, HS-PLC ISO/IEC 12139-1 HDLC SSAS setup (Blue Book): HDLC over high-speed PLC (ISO/IEC 12139-1)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class HsPlcHdlcSsasSetup(InterfaceClass, class_id=143, version=0, name="HS-PLC ISO/IEC 12139-1 HDLC SSAS setup"):
    """The master station."""

    master_station_id = attribute(2, "long64-unsigned", writable=True)
