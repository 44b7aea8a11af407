"""Interface class 58, ISO/IEC 8802-2 LLC Type 2 setup (Blue Book): connection oriented LLC."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class LlcType2Setup(InterfaceClass, class_id=58, version=0, name="ISO/IEC 8802-2 LLC Type 2 setup"):
    """Windows, lengths in octets, timers in s."""

    transmit_window_size_k = attribute(2, "unsigned", writable=True, default=1)
    receive_window_size_rw = attribute(3, "unsigned", writable=True, default=1)
    max_octets_i_pdu_n1 = attribute(4, "long-unsigned", writable=True, default=128)
    max_number_transmissions_n2 = attribute(5, "unsigned", writable=True)
    acknowledgement_timer = attribute(6, "long-unsigned", writable=True)
    p_bit_timer = attribute(7, "long-unsigned", writable=True)
    reject_timer = attribute(8, "long-unsigned", writable=True)
    busy_state_timer = attribute(9, "long-unsigned", writable=True)
