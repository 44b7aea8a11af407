"""Who may associate, how often at the same time, and what the log keeps of it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dlmskit.association.errors import AssociationRefused
from dlmskit.association.ports import EventCode
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.register import Register
from dlmskit.errors import ConfigError
from dlmskit.server import Device, Grants, LogicalDevice
from dlmskit.types.enums import AssociationResult
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle
from tests.server.peers import MANAGEMENT, METER, PUBLIC, READER, Client, device_of

ENERGY = "1.0.1.8.0.255"
ALL = Grants.parse(read=["*"])


def meter(**words: Any) -> Device:
    register = Register(ENERGY, value=Data.double_long_unsigned(5), scaler_unit=(0, 30))
    return device_of([register], dict.fromkeys((PUBLIC, READER, MANAGEMENT), ALL), **words)


def codes(device: Device) -> list[EventCode]:
    return [entry.code for entry in device.log]


@pytest.mark.case("R-075")
def test_one_client_cannot_take_all_associations() -> None:
    device = meter(most_associations=3)
    first = [Client(device, PUBLIC).open() for _ in range(3)]
    fourth = Client(device, PUBLIC)
    with pytest.raises(AssociationRefused) as refused:
        fourth.open()
    assert refused.value.result == AssociationResult.REJECTED_TRANSIENT
    assert Client(device, MANAGEMENT).open().value(3, ENERGY) == 5
    assert Client(device, READER).open().value(3, ENERGY) == 5
    assert all(client.value(3, ENERGY) == 5 for client in first)
    # And one that ends, in whatever way, makes room.
    first[0].release()
    assert Client(device, PUBLIC).open().value(3, ENERGY) == 5
    first[1].lose()
    assert Client(device, PUBLIC).open().value(3, ENERGY) == 5
    assert EventCode.AARQ_REFUSED in codes(device)


@pytest.mark.case("R-034")
def test_a_second_association_of_a_client_is_refused_with_both_ports_in_the_log() -> None:
    device, title = meter(), SystemTitle("434C490000000001")
    one = Client(device, MANAGEMENT, title).open()
    other = Client(device, MANAGEMENT, title)
    other.skip_counters(100)
    with pytest.raises(AssociationRefused) as refused:
        other.open()
    assert refused.value.result == AssociationResult.REJECTED_TRANSIENT
    entry = list(device.log)[-1]
    assert entry.code is EventCode.AARQ_REFUSED
    assert entry.port == other.port.peer
    assert one.port.peer in entry.detail
    one.skip_counters(200)  # both have one title and one key, so what the other sent is used up for this one as well
    assert one.value(3, ENERGY) == 5


def test_where_the_newest_wins_the_oldest_is_closed_after_the_proof() -> None:
    device = meter(newest_wins=True)
    one, other = Client(device, MANAGEMENT).open(), Client(device, MANAGEMENT)
    exchange = other.association.associate()
    other.send(next(exchange)[0])
    exchange.close()
    assert not one.port.closed  # an AARQ alone moves nobody
    third = Client(device, MANAGEMENT).open()
    assert one.port.closed
    assert third.value(3, ENERGY) == 5
    assert f"one too many: {one.port.peer} was closed" in [entry.detail for entry in device.log]


def test_a_proof_that_does_not_come_takes_no_place() -> None:
    device = meter()
    for _ in range(5):
        waiting = Client(device, MANAGEMENT)
        exchange = waiting.association.associate()
        waiting.send(next(exchange)[0])
        exchange.close()
    assert Client(device, MANAGEMENT).open().value(3, ENERGY) == 5


@pytest.mark.case("R-016")
@pytest.mark.parametrize(("client_sap", "server_sap"), [(17, 1), (16, 2), (1, 0x7F), (0, 1), (16, 0xFFFF)])
def test_a_pair_of_saps_that_does_not_exist_gets_no_answer(client_sap: int, server_sap: int) -> None:
    device = meter()
    client = Client(device, PUBLIC)
    aarq = next(client.association.associate())[0]
    assert client.connection.received(client_sap, server_sap, aarq) == ()
    assert client.connection.received(PUBLIC, 1, aarq)


def test_the_log_holds_no_secret_and_compresses_a_flood() -> None:
    device = meter()
    client = Client(device, READER)
    wrong = next(client.association.associate())[0].replace(b"12345678", b"87654321")
    for _ in range(2000):
        client.send(wrong)
    entries = list(device.log)
    assert len(entries) == 1
    assert entries[0].times == 2000
    assert entries[0].code is EventCode.AUTHENTICATION_FAILED
    assert not any(secret in str([entry.to_json() for entry in entries]) for secret in ("12345678", "87654321"))


@pytest.mark.case("R-097")
def test_the_log_is_a_ring_with_a_count_of_what_it_lost(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    device = meter(most_associations=64)
    for _ in range(600):
        client = Client(device, PUBLIC).open()
        client.release()
        client.lose()
    assert len(device.log) == 1000
    assert device.log.lost == 200


@pytest.mark.parametrize(
    ("sap", "name"), [(0, "LAB1"), (0x7F, "LAB1"), (0x3FFF, "LAB1"), (1, "LA"), (1, "x" * 17), (1, "LAB\n1"), (1, "LÄB1")]
)
def test_a_logical_device_has_a_sap_and_a_name_of_the_standard(sap: int, name: str) -> None:
    with pytest.raises(ConfigError):
        LogicalDevice(sap, name)


def test_two_logical_devices_each_with_its_own_objects() -> None:
    device = Device(METER)
    with pytest.raises(ConfigError, match="management"):
        device.ready()
    device.add(LogicalDevice(1, "LAB1"))
    device.add(LogicalDevice(17, "LAB2"))
    with pytest.raises(ConfigError, match="17"):
        device.add(LogicalDevice(17, "LAB3"))
    device.ready()
    assert device[1].tree.get(17, Obis("0.0.41.0.0.255")).get(2).value == [(1, b"LAB1"), (17, b"LAB2")]
    assert device[17].tree.get(1, Obis("0.0.42.0.0.255")).get(2).value == b"LAB2"
