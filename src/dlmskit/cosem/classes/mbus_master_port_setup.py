"""Interface class 74, M-Bus master port setup (Blue Book): a meter that is the master of a wired M-Bus."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class MBusMasterPortSetup(InterfaceClass, class_id=74, version=0, name="M-Bus master port setup"):
    """Speed of the M-Bus master port."""

    comm_speed = attribute(2, "enum{0=300,1=600,2=1200,3=2400,4=4800,5=9600,6=19200,7=38400}", writable=True, default=3)
