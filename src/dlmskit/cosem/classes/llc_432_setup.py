"""Interface class 55, IEC 61334-4-32 LLC setup (Blue Book): the LLC layer of IEC 61334-4-32."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class Llc432SetupV0(InterfaceClass, class_id=55, version=0, name="IEC 61334-4-32 LLC setup"):
    """Version 0: a frame length of one octet."""

    max_frame_length = attribute(2, "unsigned", writable=True)
    reply_status_list = attribute(3, "array<structure{L_SAP_selector:unsigned,length_of_waiting_L_SDU:unsigned}>", dynamic=True)


class Llc432Setup(Llc432SetupV0, version=1):
    """Longest frame in octets, and what waits to be fetched."""

    max_frame_length = attribute(2, "long-unsigned", writable=True)
