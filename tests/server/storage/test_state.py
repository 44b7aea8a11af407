"""Values, clock and counters of a device across a restart: what must survive does, and nothing secret is on the disk."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from dlmskit.association.errors import InvocationCounterRefused
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.clock import Clock
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.cosem.classes.disconnect_control import DisconnectControl
from dlmskit.server import Database, Device, Grants
from dlmskit.server.storage import StoredCounters, StoredWindows
from dlmskit.server.storage.counters import AHEAD
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.system_title import SystemTitle
from tests.server.peers import KEYS, MANAGEMENT, PASSWORD, READER, Client, device_of

NOTE, SWITCH, CLOCK = "0.0.96.1.1.255", "0.0.96.3.10.255", "0.0.1.0.0.255"
ALL = Grants.parse(read=["*"], write=["*"], execute=["*"])
TITLE = SystemTitle("434C490000000009")


def meter(path: Path) -> Device:
    objects = [DataObject(NOTE, value=Data.octet_string(b"")), DisconnectControl(SWITCH, control_mode=4), Clock()]
    return device_of(objects, {MANAGEMENT: ALL, READER: ALL}, Database(path / "meter.sqlite"), most_associations=8)


def test_what_a_client_changed_is_there_after_a_restart(tmp_path: Path) -> None:
    device = meter(tmp_path)
    client = Client(device).open()
    assert client.set(1, NOTE, 2, Data.octet_string(b"cellar")) == 0
    assert client.action(70, SWITCH, 1, Data.integer(0)) == 0
    assert client.action(8, CLOCK, 6, Data.long(300)) == 0
    shifted = CosemDateTime(client.value(8, CLOCK)).to_datetime()
    device.close()

    device = meter(tmp_path)
    client = Client(device).open()
    assert client.value(1, NOTE) == b"cellar"
    assert (client.value(70, SWITCH, 2), client.value(70, SWITCH, 3)) == (False, 0)
    assert CosemDateTime(client.value(8, CLOCK)).to_datetime() == shifted
    assert client.value(15, "0.0.40.0.2.255", 8) == 0  # nobody is associated any more
    device.close()


def test_a_value_of_another_type_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    device = meter(tmp_path)
    Client(device).open().set(70, SWITCH, 4, Data.enum(2))
    device.database.write("UPDATE value SET octets = ? WHERE class_id = 70", (Data.unsigned(3).octets,))  # type: ignore[union-attr]
    device.close()
    device = meter(tmp_path)
    assert Client(device).open().value(70, SWITCH, 4) == 4
    assert "is not used" in caplog.text
    device.close()


@pytest.mark.case("R-050")
@pytest.mark.case("R-054")
@pytest.mark.supports("counter stored before it is used", "repeated message refused", suite=None, side="server")
@pytest.mark.parametrize("properly", [True, False])
def test_no_counter_is_taken_twice_across_a_restart(tmp_path: Path, properly: bool) -> None:
    device = meter(tmp_path)
    client = Client(device, MANAGEMENT, TITLE).open()
    for _ in range(5):
        client.value(1, NOTE)
    last, sent = device.last_counter(KEYS), list(client.recorded)
    if properly:
        device.close()
    elif device.database is not None:
        device.database.close()  # as a kill would leave it

    device = meter(tmp_path)
    replayed = Client(device, MANAGEMENT, TITLE)
    for apdu in sent:
        assert all(answer[:2] != b"\x61" or b"\xa2\x03\x02\x01\x00" not in answer for answer in replayed.send(apdu))
    ahead = device.last_counter(KEYS)
    assert ahead == last if properly else last <= ahead <= last + AHEAD
    behind = Client(device, MANAGEMENT, TITLE)
    with pytest.raises(InvocationCounterRefused) as refused:
        behind.open()
    assert refused.value.lowest_acceptable == ahead + 1
    behind = Client(device, MANAGEMENT, TITLE)
    behind.skip_counters(ahead + 1)
    assert behind.open().value(1, NOTE) == b""
    device.close()


@pytest.mark.case("R-053")
def test_counters_that_were_sent_never_come_again(tmp_path: Path) -> None:
    given: list[int] = []
    for _ in range(5):
        database = Database(tmp_path / "meter.sqlite")
        store = StoredCounters(database)
        given += [store.reserve("key", 10), store.reserve("key", 10)]
        database.close()
    assert given == sorted(set(given))
    assert all(later - earlier >= 10 for earlier, later in pairwise(given))
    database = Database(tmp_path / "meter.sqlite")
    assert StoredCounters(database).reserve("key", 5, at_least=1000) == 1000
    assert StoredCounters(database).next_unreserved("key") == 1005
    assert StoredCounters(database).next_unreserved("other") is None
    database.close()


def test_windows_are_written_once_a_block(tmp_path: Path) -> None:
    database = Database(tmp_path / "meter.sqlite")
    windows = StoredWindows(database)
    written: list[str] = []
    database._connection.set_trace_callback(lambda statement: written.append(statement) if "INSERT" in statement else None)
    for number in range(1, 300):
        windows.raise_to("key:title", number)
    windows.raise_to("key:title", 5)
    assert windows.lowest_acceptable("key:title") == 299
    assert windows.highest("key") == 298
    assert windows.highest("ke") == 0
    assert len(written) == 5
    windows.close()
    assert StoredWindows(database).lowest_acceptable("key:title") == 299
    database.close()


@pytest.mark.case("R-112")
def test_no_secret_is_on_the_disk(tmp_path: Path) -> None:
    device = meter(tmp_path)
    Client(device).open().set(1, NOTE, 2, Data.octet_string(b"cellar"))
    Client(device, READER).open()
    assert Client(device, READER).open().set(15, "0.0.40.0.0.255", 7, Data.octet_string(b"new secret")) != 0
    device.close()
    found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"cellar" in found
    assert KEYS.guek is not None
    assert KEYS.gak is not None
    assert PASSWORD.lls_password is not None
    for secret in (KEYS.guek.reveal(), KEYS.gak.reveal(), PASSWORD.lls_password.reveal(), b"new secret"):
        assert secret not in found
        assert secret.hex().encode() not in found.lower()
