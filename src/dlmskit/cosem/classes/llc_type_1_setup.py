"""Interface class 57, ISO/IEC 8802-2 LLC Type 1 setup (Blue Book): connectionless LLC."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class LlcType1Setup(InterfaceClass, class_id=57, version=0, name="ISO/IEC 8802-2 LLC Type 1 setup"):
    """Longest unnumbered information in octets."""

    max_octets_ui_pdu = attribute(2, "long-unsigned", writable=True, default=128)
