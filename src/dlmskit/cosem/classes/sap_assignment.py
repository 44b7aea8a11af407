"""Interface class 17, SAP assignment (Blue Book 4.4.5): the logical devices of a physical device and their addresses."""

from __future__ import annotations

from dlmskit.cosem.declaration import absent_method, attribute
from dlmskit.cosem.model import InterfaceClass

LOGICAL_DEVICE = "structure{SAP:long-unsigned,logical_device_name:octet-string}"


class SapAssignment(InterfaceClass, class_id=17, version=0, name="SAP assignment", methods_at=0x20):
    """One entry per logical device. Devices are not connected at run time here: connect_logical_device is absent."""

    sap_assignment_list = attribute(2, f"array<{LOGICAL_DEVICE}>", name="SAP_assignment_list")

    connect_logical_device = absent_method(1, LOGICAL_DEVICE)
