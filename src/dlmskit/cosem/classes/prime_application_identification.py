"""Interface class 86, PRIME NB OFDM PLC Application identification (Blue Book): firmware, vendor and product."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class PrimeApplicationIdentification(InterfaceClass, class_id=86, version=0, name="PRIME NB OFDM PLC Application identification"):
    """Who made the PRIME modem, and what runs on it."""

    firmware_version = attribute(2, "octet-string", writable=True)
    vendor_id = attribute(3, "long-unsigned", writable=True, name="vendor_Id")
    product_id = attribute(4, "long-unsigned", writable=True, name="product_Id")
