"""Interface class 41, TCP-UDP setup (Blue Book 4.9.1): port and limits of the wrapper's transport."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass

DLMS_PORT = 4059
"""Registered for DLMS/COSEM."""


class TcpUdpSetup(InterfaceClass, class_id=41, version=0, name="TCP-UDP setup"):
    """Port, IP object and limits; inactivity_time_out is in s, 0 for never."""

    tcp_udp_port = attribute(2, "long-unsigned", writable=True, default=DLMS_PORT, name="TCP-UDP_port")
    ip_reference = attribute(3, "logical-name", writable=True, name="IP_reference")
    mss = attribute(4, "long-unsigned", writable=True, default=576, name="MSS")
    nb_of_sim_conn = attribute(5, "unsigned", writable=True, default=1, within=(1, 255))
    inactivity_time_out = attribute(6, "long-unsigned", writable=True, default=180)
