"""The security log as a client reads it: what becomes an entry, what a flood leaves, and who may empty it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dlmskit.apdu import CosemAttributeDescriptor, CosemMethodDescriptor
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.communication_port_protection import CommunicationPortProtection
from dlmskit.cosem.classes.image_transfer import ImageTransfer
from dlmskit.cosem.model import InterfaceClass
from dlmskit.server import Database, Device, Grants, StoredRows
from dlmskit.server.security_logs import SecurityEvent, SecurityLogs
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import ActionResult
from dlmskit.types.obis import Obis
from tests.cosem.classes.test_image_transfer import BLOCK, Keeper
from tests.server.peers import MANAGEMENT, PUBLIC, READER, Client, device_of
from tests.server.test_ports import TCP, protection

LOG = Obis("0.0.99.98.6.255")
CLOCK = Obis("0.0.1.0.0.255")


class Meter:
    """A meter with its log; management may do everything but empty it, the reader nothing but read it."""

    def __init__(self, *objects: InterfaceClass, database: Database | None = None, depth: int = 100) -> None:
        clock = Clock()
        everything = Grants.parse(read=["*"], write=["*"], execute=["0.0.1.*.*.*", "0.0.44.*.*.*"])
        auditor = Grants.parse(read=[f"{LOG}"], execute=[f"{LOG}:1"])
        self.device: Device = device_of(
            [clock, *objects], {PUBLIC: Grants.parse(), READER: auditor, MANAGEMENT: everything}, database
        )
        tree = self.device[1].tree
        rows = None if database is None else StoredRows(database, 1, LOG)
        self.logs = SecurityLogs(tree, self.device.log, self.device.tally, rows, depth=depth)
        self.device.ready()

    def client(self, sap: int = MANAGEMENT) -> Client:
        made = Client(self.device, sap)
        made.connection = self.device.at_port(TCP)(made.port)
        return made.open()

    @property
    def rows(self) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.logs.profile.buffer]

    @property
    def events(self) -> list[int]:
        return [int(str(row[1])) for row in self.rows]


def get(client: Client, obis: Obis, number: int, class_id: int) -> object:
    return client.run(client.association.get(CosemAttributeDescriptor(class_id, obis.octets, number)))


def test_a_forged_and_a_repeated_message() -> None:
    meter = Meter()
    client = meter.client()
    get(client, CLOCK, 2, 8)
    last = client.recorded[-1]
    client.send(last[:3] + bytes((last[3] | 0x40,)) + last[4:])  # a counter to come, and a tag that cannot be right
    client.send(last)
    assert meter.events == [SecurityEvent.DECIPHERING_FAILED, SecurityEvent.REPLAY]
    row = meter.rows[-1]
    assert (row[3], row[4]) == (MANAGEMENT, client.title.octets)
    assert int(str(row[7])) == meter.device.tally.refused > 0
    assert int(str(row[6])) == meter.device.tally.verified > 0


def test_a_client_reads_it_under_its_own_right_and_not_without() -> None:
    meter = Meter()
    manager = meter.client()
    manager.send(manager.recorded[-1])
    reader = meter.client(READER)
    buffer = get(reader, LOG, 2, 7)
    assert isinstance(buffer, Data)
    assert len(buffer.elements()) == len(meter.rows) > 0
    public = meter.client(PUBLIC)
    assert isinstance(get(public, LOG, 2, 7), int), "the public client does not know that it is there"


def test_who_may_not_empty_it_does_not_and_who_may_is_seen() -> None:
    meter = Meter()
    manager = meter.client()
    manager.send(manager.recorded[-1])
    before = meter.rows
    reset = CosemMethodDescriptor(7, LOG.octets, 1)
    assert manager.run(manager.association.action(reset, Data.integer(0))).result != ActionResult.SUCCESS
    assert meter.rows[: len(before)] == before
    reader = meter.client(READER)
    assert reader.run(reader.association.action(reset, Data.integer(0))).result == ActionResult.SUCCESS
    assert meter.events == [SecurityEvent.LOG_CLEARED]


@pytest.mark.case("R-098")
def test_a_clock_that_is_set_is_an_entry_with_the_time_before() -> None:
    meter = Meter()
    meter.device[1].tree.of(Clock)[0].set_utc(datetime(2040, 1, 1, tzinfo=UTC))
    assert meter.events == [SecurityEvent.CLOCK_ADJUSTED]
    assert meter.rows[0][5] == "was 2024-01-15 12:00:00 UTC"
    time = meter.logs.profile.buffer[0][0]
    assert str(CosemDateTime(bytes(time))).startswith("2040-01-01 00:00:00")


def test_images_and_ports() -> None:
    image = ImageTransfer(keeper=Keeper(), image_block_size=BLOCK, image_transfer_enabled=True)
    port = protection(Obis("0.0.44.2.0.255"), allowed_failed_attempts=0)
    meter = Meter(image, port)
    manager = meter.client()
    image.action(1, Data.structure([Data.octet_string(b"v2"), Data.double_long_unsigned(16)]))
    image.action(2, Data.structure([Data.double_long_unsigned(0), Data.octet_string(bytes(16))]))
    with pytest.raises(Exception, match="damaged"):
        image.action(3, Data.integer(0))
    assert (meter.events[-1], meter.rows[-1][5]) == (SecurityEvent.IMAGE_REFUSED, "v2")
    manager.send(manager.recorded[-1])
    assert meter.events[-2:] == [SecurityEvent.REPLAY, SecurityEvent.PORT_CLOSED]
    assert meter.rows[-1][5] == str(TCP)
    assert isinstance(port, CommunicationPortProtection)


@pytest.mark.case("R-097")
def test_a_flood_leaves_a_bounded_log_and_says_how_large_it_was() -> None:
    meter = Meter(depth=20)
    client = meter.client()
    get(client, CLOCK, 2, 8)
    for _ in range(5000):
        client.connection.received(MANAGEMENT, 1, client.recorded[-1])
    assert len(meter.rows) <= 20
    assert [int(str(row[2])) for row in meter.rows] == [1 << at for at in range(13)]
    assert meter.device.tally.refused == 5000


@pytest.mark.case("R-097")
def test_a_flood_of_different_events_goes_round() -> None:
    meter = Meter(depth=20)
    for number in range(500):
        meter.logs.enter(SecurityEvent.REPLAY, client=number & 1, detail=f"flood {number}")
    assert [row[5] for row in meter.rows] == [f"flood {number}" for number in range(480, 500)]


def test_it_survives_the_power(tmp_path: Path) -> None:
    meter = Meter(database=Database(tmp_path / "meter.sqlite"))
    client = meter.client()
    client.send(client.recorded[-1])
    before = meter.rows
    meter.device.close()
    again = Meter(database=Database(tmp_path / "meter.sqlite"))
    assert again.rows == before
    again.device.close()


def test_no_secret_and_nothing_unprintable_gets_in() -> None:
    meter = Meter()
    meter.logs.enter(SecurityEvent.REPLAY, detail="line\nbreak \x1b[31m ü" + "x" * 100)
    assert meter.rows[0][5] == ("linebreak [31m " + "x" * 100)[:48]
