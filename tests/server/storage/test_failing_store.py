"""A store that is full, read-only or failing: the meter measures on, and takes no change that it cannot keep (R-100)."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from dlmskit.association.ports import EventCode
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security.counters import BLOCK
from dlmskit.security.envelope import is_protected, read_envelope
from dlmskit.security.keys import KeyRole
from dlmskit.server.device import NV_MEMORY_ERROR
from dlmskit.server.security_logs import SecurityEvent
from dlmskit.server.storage import Database, StoreFailed
from dlmskit.server.storage.counters import AHEAD
from dlmskit.server.storage.failure import FIRST_RETRY
from dlmskit.types.enums import DataAccessResult
from tests.server.keyed import Owner, fresh_keys, kek, meter, opens
from tests.server.peers import Client, attribute
from tests.server.storage.failing import DEPTH, ERRORS, NOTE, PROFILE, FailingMeter, FaultyConnection, rows_of

ROOT = Path(__file__).parents[3]
TEMPORARY = DataAccessResult.TEMPORARY_FAILURE
Switch = Callable[[Database, bool], None]


def read_only(database: Database, fails: bool) -> None:
    database._file.connection.execute(f"PRAGMA query_only = {int(fails)}")


def full(database: Database, fails: bool) -> None:
    connection = database._file.connection
    assert isinstance(connection, FaultyConnection)
    connection.full = fails


@pytest.fixture(params=[read_only, full])
def switch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Switch:
    """Makes the store of a database fail, and work again."""
    monkeypatch.setattr("dlmskit.server.storage.file.sqlite3.connect", partial(sqlite3.connect, factory=FaultyConnection))
    found: Switch = request.param
    return found


@pytest.mark.case("R-100")
def test_it_measures_on_and_refuses_changes(tmp_path: Path, switch: Switch) -> None:
    one = FailingMeter(tmp_path)
    public = one.public()
    for number in range(30):
        one.capture(number)
    assert public.set(1, NOTE, 2, Data.double_long_unsigned(1)) == 0
    assert public.value(1, ERRORS) == 0
    switch(one.database, True)
    assert public.set(1, NOTE, 2, Data.double_long_unsigned(2)) == TEMPORARY
    assert public.action(7, str(PROFILE), 1, Data.integer(0)) == TEMPORARY
    assert public.set_list([(1, NOTE, 2)] * 2, [Data.double_long_unsigned(3)] * 2) == [TEMPORARY, TEMPORARY]
    for number in range(30, 90):
        one.capture(number)
    assert public.value(1, NOTE) == 1
    assert rows_of(public) == list(range(90 - DEPTH, 90)), "in RAM, as many as the profile holds"
    assert public.value(1, ERRORS) == NV_MEMORY_ERROR
    assert one.events == [SecurityEvent.NV_MEMORY_ERROR], "once, and readable"
    with sqlite3.connect(":memory:") as file:
        one.database._file.connection.backup(file)
        assert file.execute("SELECT count(*) FROM row").fetchone() == (DEPTH,), "nothing of it is in the file"

    switch(one.database, False)
    assert public.set(1, NOTE, 2, Data.double_long_unsigned(4)) == TEMPORARY, "it is tried again after a while"
    one.seconds.now += FIRST_RETRY
    assert public.set(1, NOTE, 2, Data.double_long_unsigned(5)) == 0
    assert public.value(1, ERRORS) == 0
    events = one.events
    assert events == [SecurityEvent.NV_MEMORY_ERROR, SecurityEvent.NV_MEMORY_RECOVERED]
    one.kill()
    again = FailingMeter(tmp_path)
    assert rows_of(again.public()) == list(range(90 - DEPTH, 90))
    assert again.public().value(1, NOTE) == 5
    assert again.events == events
    again.device.close()


@pytest.mark.case("R-100")
def test_what_ram_held_is_written_on_close_or_lost_whole(tmp_path: Path, switch: Switch) -> None:
    one = FailingMeter(tmp_path)
    one.capture(1)
    switch(one.database, True)
    one.capture(2)
    one.kill()
    one = FailingMeter(tmp_path)
    assert rows_of(one.public()) == [1], "a power cut meanwhile: as it was before the store failed"
    switch(one.database, True)
    one.capture(2)
    switch(one.database, False)
    one.device.close()
    one = FailingMeter(tmp_path)
    assert rows_of(one.public()) == [1, 2]
    one.device.close()


@pytest.mark.case("R-100")
@pytest.mark.case("R-054")
@pytest.mark.parametrize("served", [0, 1, 30, 63, 64, 65])
def test_nothing_goes_out_or_comes_in_under_a_counter_that_is_not_on_the_disk(
    tmp_path: Path, switch: Switch, served: int
) -> None:
    """A ciphered client is answered from what was put away ahead, then not any more; no number comes twice, later neither."""
    one = FailingMeter(tmp_path)
    client = one.client()
    sent: list[int] = []
    for _ in range(served):
        ask(client, sent)
    switch(one.database, True)
    one.capture(1)
    answered = 0
    with suppress(IndexError, DlmsError):
        for _ in range(3 * BLOCK):
            ask(client, sent)
            answered += 1
    assert not client.answered, "silence"
    assert answered <= AHEAD
    assert one.public().value(1, ERRORS) == NV_MEMORY_ERROR, "in clear it is still served"
    never_again(one, tmp_path, client, sent)


@pytest.mark.case("R-100")
@pytest.mark.case("R-054")
@pytest.mark.parametrize("lost", ["transmit", "receive"])
def test_a_number_that_was_put_away_in_vain_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """The commit that fails is the one with the next block of counters, or with the window moved on: either alone."""
    monkeypatch.setattr("dlmskit.server.storage.file.sqlite3.connect", partial(sqlite3.connect, factory=FaultyConnection))
    one = FailingMeter(tmp_path)
    client = one.client()
    sent: list[int] = []
    while not used_up(one, client)[lost]:
        ask(client, sent)
    assert list(used_up(one, client).values()).count(True) == 1
    full(one.database, True)
    for _ in range(5):
        assert not unheard(client), "silence, and not only to the request that met the full disk"
        assert one.database.failure
    never_again(one, tmp_path, client, sent)


def used_up(one: FailingMeter, client: Client) -> dict[str, bool]:
    """Whether the next request needs a write: for its answer's counter, or for its own."""
    (counter,) = one.device.transmit.in_use.values()
    ((following,),) = one.database.read("SELECT next FROM transmit")
    ((lowest,),) = one.database.read("SELECT lowest FROM receive")
    (own,) = client.credentials.transmit.in_use.values()
    assert own.next is not None
    return {"transmit": counter.next == following, "receive": own.next >= lowest}


def unheard(client: Client) -> list[bytes]:
    """What is answered to a client that gives its request up."""
    exchange = client.association.get(attribute(1, NOTE, 2))
    (request,) = next(exchange)
    exchange.close()
    return client.send(request)


def never_again(one: FailingMeter, folder: Path, client: Client, sent: list[int]) -> None:
    """After a loss of power no message is taken twice, and no number is sent twice."""
    one.kill()
    again = FailingMeter(folder)
    replayed = Client(again.device, title=client.title)
    for apdu in client.recorded:
        for answer in replayed.send(apdu):
            assert not is_protected(answer)
    newer = again.client()
    for _ in range(2 * BLOCK):
        ask(newer, sent)
    assert len(sent) == len(set(sent))
    again.device.close()


def ask(client: Client, sent: list[int]) -> None:
    assert client.value(1, NOTE) == 0
    sent += [read_envelope(apdu).header.invocation_counter for apdu in client.answered if is_protected(apdu)]


@pytest.mark.case("R-100")
def test_the_ciphered_client_goes_on_when_the_store_works_again(tmp_path: Path, switch: Switch) -> None:
    one = FailingMeter(tmp_path)
    client = one.client()
    switch(one.database, True)
    one.capture(1)
    with suppress(IndexError, DlmsError):
        for _ in range(2 * AHEAD):
            client.value(1, NOTE)
    switch(one.database, False)
    one.seconds.now += 1000
    assert one.client().set(1, NOTE, 2, Data.double_long_unsigned(9)) == 0
    assert [entry.code for entry in one.device.log if "store" in entry.code] == [
        EventCode.STORE_FAILED,
        EventCode.STORE_RECOVERED,
    ]
    assert not [entry for entry in one.device.log if entry.code is EventCode.PROTECTION_FAILED], "nobody is to blame"
    one.device.close()


@pytest.mark.case("R-100")
@pytest.mark.case("R-080")
def test_keys_stay_as_they_are(tmp_path: Path, switch: Switch) -> None:
    keys = fresh_keys()
    database = Database(tmp_path / "meter.sqlite")
    device = meter(keys, database)
    owner = Owner(device, keys).open()
    switch(database, True)
    new = {KeyRole.GUEK: fresh_keys().guek.reveal()}  # type: ignore[union-attr]
    assert owner.transfer(new, kek(keys)) == TEMPORARY
    assert owner.value(1, NOTE) == b"", "under the old key, and with what was put away of its counters"
    device.close()
    device = meter(keys, Database(tmp_path / "meter.sqlite"))
    assert opens(device, keys)
    device.close()


@pytest.mark.case("R-100")
def test_an_answer_is_withheld_where_the_change_did_not_get_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk took the proof before the change, and not the change: the client hears nothing, and must look."""
    monkeypatch.setattr("dlmskit.server.storage.file.sqlite3.connect", partial(sqlite3.connect, factory=FaultyConnection))
    one = FailingMeter(tmp_path)
    public = one.public()
    promise = one.database.promise

    def promised_in_vain() -> None:
        promise()
        full(one.database, True)

    one.one.current.promise = promised_in_vain
    with pytest.raises(IndexError):
        public.set(1, NOTE, 2, Data.double_long_unsigned(7))
    assert not public.answered
    one.kill()
    again = FailingMeter(tmp_path)
    assert again.public().value(1, NOTE) == 0
    again.device.close()


@pytest.mark.case("R-100")
@pytest.mark.case("R-105")
def test_the_system_refuses_to_make_files_longer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.server.storage.failing", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["reason"]
    assert (told["refused"], told["note"], told["error"]) == (TEMPORARY, 0, NV_MEMORY_ERROR)
    assert told["rows"] == told["rows after"] == list(range(40 - DEPTH, 40))
    assert (told["accepted"], told["note after"], told["error after"]) == (0, 8, 0)
    assert told["events"] == told["events after"] == [SecurityEvent.NV_MEMORY_ERROR, SecurityEvent.NV_MEMORY_RECOVERED]


def test_a_wrong_statement_is_no_failing_store(tmp_path: Path) -> None:
    database = Database(tmp_path / "meter.sqlite")
    with pytest.raises(ConfigError, match="no such table") as wrong:
        database.write("INSERT INTO nowhere VALUES (1)")
    assert not isinstance(wrong.value, StoreFailed)
    assert not database.failure
    database.close()


@pytest.mark.case("R-099")
def test_the_entry_of_an_event_is_one_change(tmp_path: Path) -> None:
    """That the store works again is entered by the meter itself, outside of any request: the row and its columns together."""
    one = FailingMeter(tmp_path)
    read_only(one.database, True)
    one.capture(1)
    read_only(one.database, False)
    one.seconds.now += FIRST_RETRY
    seen: list[str] = []
    one.database._file.connection.set_trace_callback(seen.append)
    one.capture(2)
    begun = [number for number, statement in enumerate(seen) if statement.startswith("BEGIN")]
    ended = [number for number, statement in enumerate(seen) if statement.startswith("COMMIT")]
    entries = [number for number, statement in enumerate(seen) if "INSERT INTO row" in statement]
    assert one.events == [SecurityEvent.NV_MEMORY_ERROR, SecurityEvent.NV_MEMORY_RECOVERED]
    assert sum(begun[-1] < number < ended[-1] for number in entries) == 1
    values = [number for number, statement in enumerate(seen) if "INSERT INTO value" in statement]
    assert values
    assert all(begun[-1] < number < ended[-1] for number in values)
    one.device.close()
