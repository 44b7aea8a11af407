"""A meter whose state was set back to a backup: it takes nothing twice and sends no number twice, and its clients find on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dlmskit.association.errors import InvocationCounterRefused
from dlmskit.association.ports import EventCode
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject
from dlmskit.errors import DlmsError
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import LARGEST_JUMP, RESTORED_GAP
from dlmskit.security.envelope import is_protected, read_envelope
from dlmskit.server import Database, Device, Grants
from dlmskit.server.storage import StoredCounters
from dlmskit.types.system_title import SystemTitle
from tests.server.peers import KEYS, MANAGEMENT, Client, device_of

NOTE, TITLE = "0.0.96.1.1.255", SystemTitle("434C490000000009")
ALL = Grants.parse(read=["*"], write=["*"], execute=["*"])


def meter(folder: Path) -> Device:
    objects = [DataObject(NOTE, value=Data.octet_string(b""))]
    return device_of(objects, {MANAGEMENT: ALL}, Database(folder / "meter.sqlite"), most_associations=8)


def answered(client: Client) -> list[int]:
    """The counters of the meter's answers to a few requests."""
    found = []
    for _ in range(5):
        client.value(1, NOTE)
        found += [read_envelope(apdu).header.invocation_counter for apdu in client.answered if is_protected(apdu)]
    return found


def going_on(device: Device, lowest: int, title: SystemTitle = TITLE) -> Client:
    client = Client(device, MANAGEMENT, title)
    client.skip_counters(lowest)
    return client.open()


@pytest.mark.case("R-055")
@pytest.mark.supports("leap after a restored backup", "counter synchronised", suite=None, side="server")
@pytest.mark.parametrize("in_place", [True, False])
def test_a_meter_that_was_set_back(tmp_path: Path, in_place: bool) -> None:
    file, backup = tmp_path / "meter.sqlite", tmp_path / "backup.sqlite"
    device = meter(tmp_path)
    sent = answered(going_on(device, 0))
    device.close()
    shutil.copy(file, backup)
    device = meter(tmp_path)
    later = going_on(device, 1000)
    sent += answered(later)
    newcomer = going_on(device, 0, SystemTitle("434C49000000000A"))
    sent += answered(newcomer)
    device.close()
    if not in_place:
        for one in tmp_path.glob("meter.sqlite*"):
            one.unlink()
    shutil.copy(backup, file)

    device = meter(tmp_path)
    assert [entry.code for entry in device.log] == [EventCode.COUNTERS_LEAPT]
    for client in (later, newcomer):
        replayed = Client(device, MANAGEMENT, client.title)
        for apdu in client.recorded:
            for answer in replayed.send(apdu):
                assert not is_protected(answer), "nothing is taken a second time"
    with pytest.raises(InvocationCounterRefused) as refused:
        going_on(device, 2000)
    told = refused.value.lowest_acceptable
    assert RESTORED_GAP < told < LARGEST_JUMP, "no further than clients follow"
    assert device.last_counter(KEYS) == told - 1, "and its counter object says the same"
    again = answered(going_on(device, told))
    assert not set(again) & set(sent)
    assert min(again) >= RESTORED_GAP
    device.close()
    device = meter(tmp_path)
    assert not list(device.log), "once"
    device.close()


@pytest.mark.supports("used-up counter refused", suite=None, side="server")
def test_a_used_up_counter_answers_nothing_more(tmp_path: Path) -> None:
    """The last numbers are used; then the meter sends nothing under the key, and its log says why."""
    assert KEYS.guek is not None
    device = meter(tmp_path)
    title = device.system_title
    device.transmit.of(KEYS.guek, title).advance_to(COUNTER_MAX - 3, largest_jump=COUNTER_MAX)
    client = Client(device, MANAGEMENT, TITLE).open()
    sent = []
    with pytest.raises((DlmsError, IndexError)):
        for _ in range(10):
            client.value(1, NOTE)
            sent += [read_envelope(apdu).header.invocation_counter for apdu in client.answered if is_protected(apdu)]
    assert sent
    assert max(sent) == COUNTER_MAX
    assert len(sent) == len(set(sent))
    assert not any(is_protected(apdu) for apdu in client.answered), client.answered
    codes = [entry.code for entry in device.log]
    assert EventCode.COUNTER_WEAR in codes
    assert "counter-exhausted" in [entry.reason for entry in device.log]
    device.close()
    database = Database(tmp_path / "meter.sqlite")
    assert (StoredCounters(database).next_unreserved(f"{KEYS.guek.fingerprint}:{title}") or 0) > COUNTER_MAX, "for ever"
    database.close()
