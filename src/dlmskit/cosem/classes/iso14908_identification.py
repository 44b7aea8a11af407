"""Interface class 130, ISO/IEC 14908 identification (Blue Book): a node of ISO/IEC 14908 (OSGP)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class Iso14908Identification(InterfaceClass, class_id=130, version=0, name="ISO/IEC 14908 identification"):
    """Addresses of the node."""

    node_id = attribute(2, "unsigned", writable=True, name="node_ID")
    subnet_id = attribute(3, "unsigned", writable=True, name="subnet_ID")
    domain_id = attribute(4, "octet-string", writable=True, name="domain_ID")
    program_id = attribute(5, "octet-string", writable=True, name="program_ID")
    unique_node_id = attribute(6, "octet-string", writable=True, name="unique_node_ID")
