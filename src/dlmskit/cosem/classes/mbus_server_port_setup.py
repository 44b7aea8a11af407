"""Interface class 76, DLMS server M-Bus port setup (Blue Book): a DLMS server that is reached by M-Bus."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class MBusServerPortSetup(InterfaceClass, class_id=76, version=0, name="DLMS server M-Bus port setup"):
    """Identification and links of a server behind an M-Bus port."""

    m_bus_profile_selection = attribute(2, "octet-string", writable=True, name="M-Bus_profile_selection")
    m_bus_port_communication_status = attribute(
        3,
        "enum{0=no_access,1=temporary_no_access,2=limited_access,3=unlimited_access,4=wM-Bus}",
        dynamic=True,
        name="M-Bus_port_communication_status",
    )
    m_bus_data_header_type = attribute(4, "enum{0=none,1=short,2=long}", dynamic=True, name="M-Bus_data_header_type")
    primary_address = attribute(5, "unsigned", dynamic=True, writable=True)
    identification_number = attribute(6, "double-long-unsigned", dynamic=True, writable=True)
    manufacturer_id = attribute(7, "long-unsigned", dynamic=True, writable=True)
    wrapper_version = attribute(8, "unsigned", dynamic=True, writable=True, name="version")
    device_type = attribute(9, "unsigned", dynamic=True, writable=True)
    max_pdu_size = attribute(10, "long-unsigned", writable=True)
    listening_window = attribute(
        11, "array<structure{start_time:octet-string(date-time),end_time:octet-string(date-time)}>", writable=True
    )
