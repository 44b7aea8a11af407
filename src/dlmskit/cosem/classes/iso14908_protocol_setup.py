"""Interface class 131, ISO/IEC 14908 protocol setup (Blue Book): the protocol of ISO/IEC 14908."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class Iso14908ProtocolSetup(InterfaceClass, class_id=131, version=0, name="ISO/IEC 14908 protocol setup"):
    """Time-out of inactivity, in s."""

    inactivity_timeout = attribute(2, "long-unsigned", writable=True)
