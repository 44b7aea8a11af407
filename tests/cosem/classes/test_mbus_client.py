"""A meter behind the meter: what reaches the bus, and what is only book-keeping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.mbus_client import MBusClient, MBusClientV0
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

NO_PARAMETER = Data.integer(0)


class Bus:
    """A bus that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def install(self, primary_address: int) -> int:
        self.told.append(("install", primary_address))
        return primary_address or 5

    def deinstall(self) -> None:
        self.told.append(("deinstall",))

    def capture(self, definition: Sequence[Any]) -> None:
        self.told.append(("capture", *map(tuple, definition)))

    def synchronize_clock(self) -> None:
        self.told.append(("synchronize_clock",))

    def send(self, elements: Sequence[Any]) -> None:
        self.told.append(("send", len(elements)))

    def set_encryption_key(self, key: bytes) -> None:
        self.told.append(("set_encryption_key", len(key)))

    def transfer_key(self, wrapped: bytes) -> None:
        self.told.append(("transfer_key", len(wrapped)))


@pytest.fixture
def client() -> MBusClient:
    made = MBusClient("0.1.24.1.0.255", capture_definition=[(b"\x04", b"\x13")])
    made.port = Bus()
    return made


def told(client: MBusClient) -> list[tuple[object, ...]]:
    assert isinstance(client.port, Bus)
    return client.port.told


def test_a_slave_is_installed_once_and_let_go(client: MBusClient) -> None:
    client.action(1, Data.unsigned(0))
    assert client.primary_address == 5
    with pytest.raises(ServiceError):
        client.action(1, Data.unsigned(6))
    client.identification_number = 12345678
    client.action(2, NO_PARAMETER)
    assert (client.primary_address, client.identification_number) == (0, 0)
    assert client.capture_definition == [(b"\x04", b"\x13")], "configuration stays"
    assert told(client) == [("install", 0), ("deinstall",)]


def test_what_reaches_the_bus(client: MBusClient) -> None:
    client.action(3, NO_PARAMETER)
    client.action(5, NO_PARAMETER)
    client.action(6, Data.array([Data.structure([Data.octet_string(b"\x04"), Data.octet_string(b"\x13"), Data.null()])]))
    assert told(client) == [("capture", (b"\x04", b"\x13")), ("synchronize_clock",), ("send", 1)]


def test_what_became_of_the_key(client: MBusClient) -> None:
    client.action(7, Data.octet_string(bytes(16)))
    assert client.encryption_key_status == 1
    client.action(8, Data.octet_string(bytes(24)))
    assert client.encryption_key_status == 3
    client.action(7, Data.octet_string(b""))
    assert client.encryption_key_status == 0
    assert told(client) == [("set_encryption_key", 16), ("transfer_key", 24), ("set_encryption_key", 0)]


def test_an_alarm_is_cleared_without_a_bus() -> None:
    client = MBusClientV0("0.1.24.1.0.255", alarm=3)
    client.action(4, NO_PARAMETER)
    assert client.alarm == 0


@pytest.mark.parametrize(
    ("number", "parameter"),
    [(1, Data.unsigned(1)), (2, NO_PARAMETER), (3, NO_PARAMETER), (5, NO_PARAMETER), (7, Data.octet_string(bytes(16)))],
)
def test_without_a_bus_nothing_is_pretended(number: int, parameter: Data) -> None:
    client = MBusClientV0("0.1.24.1.0.255", primary_address=0)
    with pytest.raises(ServiceError) as refused:
        client.action(number, parameter)
    assert refused.value.code == DataAccessResult.OBJECT_UNAVAILABLE
