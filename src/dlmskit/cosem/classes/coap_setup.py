"""Interface class 152, CoAP setup (Blue Book): CoAP (RFC 7252) as the carrier of DLMS."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class CoapSetup(InterfaceClass, class_id=152, version=0, name="CoAP setup"):
    """Times in ms, factors in 1/100, probing rate in octets per second."""

    udp_reference = attribute(2, "logical-name", writable=True, name="UDP_reference")
    ack_timeout = attribute(3, "long-unsigned", writable=True)
    ack_random_factor = attribute(4, "long-unsigned", writable=True)
    max_retransmit = attribute(5, "long-unsigned", writable=True, default=4)
    nstart = attribute(6, "long-unsigned", writable=True, default=1)
    delay_ack_timeout = attribute(7, "long-unsigned", writable=True)
    exponential_back_off = attribute(8, "long-unsigned", writable=True)
    probing_rate = attribute(9, "long-unsigned", writable=True)
    coap_uri_path = attribute(10, "octet-string", writable=True, name="CoAP_uri_path")
    transport_mode = attribute(11, "enum{1=reliable,2=unreliable,3=reliable_and_unreliable}", writable=True)
    wrapper_version = attribute(12, "any", dynamic=True, name="version")
    token_length = attribute(13, "unsigned", writable=True)
