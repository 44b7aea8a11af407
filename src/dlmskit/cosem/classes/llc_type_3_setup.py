"""Interface class 59, ISO/IEC 8802-2 LLC Type 3 setup (Blue Book): acknowledged connectionless LLC."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class LlcType3Setup(InterfaceClass, class_id=59, version=0, name="ISO/IEC 8802-2 LLC Type 3 setup"):
    """Lengths in octets, timers in s."""

    max_octets_acn_pdu_n3 = attribute(2, "long-unsigned", writable=True, default=128)
    max_number_transmissions_n4 = attribute(3, "unsigned", writable=True)
    acknowledgement_time_t1 = attribute(4, "long-unsigned", writable=True)
    receive_lifetime_var_t2 = attribute(5, "long-unsigned", writable=True)
    transmit_lifetime_var_t3 = attribute(6, "long-unsigned", writable=True)
