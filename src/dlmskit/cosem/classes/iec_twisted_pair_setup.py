"""Interface class 24, IEC twisted pair (1) setup (Blue Book): addresses on the Euridis bus (IEC 62056-31)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class IecTwistedPairSetupV0(InterfaceClass, class_id=24, version=0, name="IEC twisted pair (1) setup"):
    """Version 0: secondary and primary addresses."""

    secondary_address = attribute(2, "octet-string", writable=True)
    primary_address_list = attribute(3, "array<unsigned>", writable=True)
    tabi_list = attribute(4, "array<integer>", writable=True)
    fatal_error = attribute(5, "enum", dynamic=True)


class IecTwistedPairSetup(IecTwistedPairSetupV0, version=1):
    """Mode and speed of the port, primary addresses, and the addresses of discovery (TABi)."""

    mode = attribute(2, "enum{0=inactive,1=always_active}", writable=True)
    speed = attribute(3, "enum{0=1200Bd_reserved,1=9600Bd_reserved}", writable=True)
    primary_address_list = attribute(4, "array<unsigned>", writable=True)
    tabi_list = attribute(5, "array<integer>", writable=True)
