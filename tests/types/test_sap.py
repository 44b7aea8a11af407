"""Service access points: reserved numbers and what they are called."""

from __future__ import annotations

import pytest

from dlmskit.types import sap


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "no station"), (1, "client management process"), (5, "client 5 (reserved)"), (16, "public client"), (32, "client 32")],
)
def test_clients(number, text):
    assert sap.describe_client(number) == text


@pytest.mark.parametrize(
    ("number", "text", "broadcast"),
    [
        (0, "no station", False),
        (1, "management logical device", False),
        (15, "logical device 15 (reserved)", False),
        (16, "logical device 16", False),
        (0x7F, "all-station (broadcast)", True),
        (0x3FFF, "all-station (broadcast)", True),
    ],
)
def test_servers(number, text, broadcast):
    assert sap.describe_server(number) == text
    assert sap.is_broadcast(number) is broadcast
