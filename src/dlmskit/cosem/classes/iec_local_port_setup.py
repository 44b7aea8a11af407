"""Interface class 19, IEC local port setup (Blue Book 4.7.1): the optical port of IEC 62056-21."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.kinds import BAUD_RATE
from dlmskit.cosem.model import InterfaceClass


class IecLocalPortSetupV0(InterfaceClass, class_id=19, version=0, name="IEC local port setup"):
    """Opening protocol and speeds of a local port, and its passwords, which are never given back."""

    default_mode = attribute(2, "enum{0=IEC_62056-21,1=HDLC_mode_E,2=not_specified}", writable=True)
    default_baud = attribute(3, BAUD_RATE, writable=True)
    prop_baud = attribute(4, BAUD_RATE, writable=True, default=5)
    response_time = attribute(5, "enum{0=20ms,1=200ms}", writable=True, default=1)
    device_addr = attribute(6, "octet-string", writable=True)
    pass_p1 = attribute(7, "octet-string", secret=True)
    pass_p2 = attribute(8, "octet-string", secret=True)
    pass_w5 = attribute(9, "octet-string", secret=True)


class IecLocalPortSetup(IecLocalPortSetupV0, version=1):
    """Version 1: the modes of IEC 62056-21, and HDLC without an opening."""

    default_mode = IecLocalPortSetupV0.default_mode.retyped(
        "enum{0=IEC_62056-21_modes_A_to_E,1=HDLC_direct,2=not_specified_by_this_class}"
    )
