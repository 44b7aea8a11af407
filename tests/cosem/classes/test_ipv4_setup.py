"""Multicast groups are joined, left and counted."""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.ipv4_setup import Ipv4Setup


def test_multicast_groups() -> None:
    one = Ipv4Setup("0.0.25.1.0.255")
    for address in (0xE0000001, 0xE0000002, 0xE0000001):
        one.action(1, Data.double_long_unsigned(address))
    assert one.action(3, Data.integer(0)) == Data.long_unsigned(2)
    one.action(2, Data.double_long_unsigned(0xE0000001))
    assert one.multicast_ip_address == [0xE0000002]
