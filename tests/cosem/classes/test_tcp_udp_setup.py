"""The registered port is the default; at least one connection is allowed."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.tcp_udp_setup import TcpUdpSetup
from dlmskit.errors import ServiceError


def test_defaults_and_range() -> None:
    one = TcpUdpSetup("0.0.25.0.0.255", ip_reference="0.0.25.1.0.255")
    assert one.tcp_udp_port == 4059
    assert str(one.ip_reference) == "0.0.25.1.0.255"
    with pytest.raises(ServiceError):
        one.set(5, Data.unsigned(0))
