"""A file that is corrupt at the start: it is kept, the last good copy is used, and the counters leap (R-100)."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlmskit.association.ports import EventCode
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError
from dlmskit.security.counters import RESTORED_GAP
from dlmskit.security.envelope import is_protected, read_envelope
from dlmskit.security.keys import KeyRole
from dlmskit.server.device import NV_MEMORY_ERROR
from dlmskit.server.security_logs import SecurityEvent
from dlmskit.server.storage import Database
from tests.server.keyed import NOTE as NOTE_OF_KEYED
from tests.server.keyed import Owner, fresh_keys, kek, meter, opens, with_keys
from tests.server.peers import Client
from tests.server.storage.failing import ERRORS, NOTE, FailingMeter, rows_of

FILE = "meter.sqlite"


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, list[bytes]]:
    """The folder of a meter that was closed: with what was sent to it, and the highest number of its answers."""
    folder = tmp_path_factory.mktemp("left")
    one = FailingMeter(folder)
    for number in range(40):
        one.capture(number)
    client = one.client()
    assert client.set(1, NOTE, 2, Data.double_long_unsigned(7)) == 0
    highest = max(read_envelope(apdu).header.invocation_counter for apdu in client.answered if is_protected(apdu))
    one.device.close()
    return folder, highest, client.recorded


def damaged(folder: Path, where: Path, octets: bytes, at: int, *, cut: bool) -> bytes:
    """A copy of the folder whose file is cut, or has other octets, at a place of the file."""
    shutil.rmtree(where, ignore_errors=True)
    shutil.copytree(folder, where)
    file = where / FILE
    content = file.read_bytes()
    at %= len(content)
    content = content[:at] if cut else content[:at] + octets + content[at + len(octets) :]
    file.write_bytes(content)
    return content


@pytest.mark.case("R-100")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(octets=st.binary(min_size=1, max_size=600), at=st.integers(0), cut=st.booleans())
def test_the_last_good_copy_is_used(
    left: tuple[Path, int, list[bytes]], tmp_path: Path, octets: bytes, at: int, cut: bool
) -> None:
    folder, highest, _ = left
    content = damaged(folder, tmp_path / "meter", octets, at, cut=cut)
    if content == (folder / FILE).read_bytes():
        return
    one = FailingMeter(tmp_path / "meter")
    assert one.database.set_aside is not None
    assert one.database.set_aside.read_bytes() == content, "the corrupt file is kept"
    assert one.public().value(1, NOTE) == 7
    assert rows_of(one.public()) == list(range(15, 40))
    assert [entry.code for entry in one.device.log][:2] == [EventCode.STORE_FAILED, EventCode.COUNTERS_LEAPT]
    assert one.public().value(1, ERRORS) == NV_MEMORY_ERROR
    client = one.client()
    assert client.set(1, NOTE, 2, Data.double_long_unsigned(8)) == 0
    counters = [read_envelope(apdu).header.invocation_counter for apdu in client.answered if is_protected(apdu)]
    assert min(counters) > highest + RESTORED_GAP // 2
    one.kill()
    again = FailingMeter(tmp_path / "meter")
    assert again.database.set_aside is None
    assert not again.database.restored, "once"
    assert again.public().value(1, NOTE) == 8
    again.device.close()


@pytest.mark.case("R-100")
def test_nothing_is_taken_twice_after_it(left: tuple[Path, int, list[bytes]], tmp_path: Path) -> None:
    folder, _, recorded = left
    damaged(folder, tmp_path / "meter", b"\xff" * 100, 0, cut=False)
    one = FailingMeter(tmp_path / "meter")
    replayed = Client(one.device)
    for apdu in recorded:
        for answer in replayed.send(apdu):
            assert not is_protected(answer)
    one.device.close()


@pytest.mark.case("R-100")
def test_it_is_in_the_log_that_clients_read(left: tuple[Path, int, list[bytes]], tmp_path: Path) -> None:
    damaged(left[0], tmp_path / "meter", b"", 5000, cut=True)
    one = FailingMeter(tmp_path / "meter")
    assert one.events == [SecurityEvent.NV_MEMORY_ERROR, SecurityEvent.COUNTERS_LEAPT]
    one.device.close()


@pytest.mark.case("R-100")
def test_torn_after_a_kill(tmp_path: Path) -> None:
    """Without a digest the structure tells: a page full of other octets is no page."""
    one = FailingMeter(tmp_path / "running")
    for number in range(40):
        one.capture(number)
    one.database._file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(tmp_path / "running", tmp_path / "killed")
    one.device.close()
    file = tmp_path / "killed" / FILE
    content = bytearray(file.read_bytes())
    content[4096:8192] = random.Random(1).randbytes(4096)
    file.write_bytes(content)
    again = FailingMeter(tmp_path / "killed")
    assert again.database.set_aside is not None
    assert again.database.restored
    assert rows_of(again.public()) == [], "the copy is the one that was made at the start"
    again.device.close()


@pytest.mark.case("R-100")
@pytest.mark.parametrize("copy", ["missing", "corrupt"])
def test_without_a_good_copy_it_does_not_begin_anew(left: tuple[Path, int, list[bytes]], tmp_path: Path, copy: str) -> None:
    content = damaged(left[0], tmp_path / "meter", b"\x00" * 50, 100, cut=False)
    good = tmp_path / "meter" / f"{FILE}.good"
    if copy == "missing":
        good.unlink()
    else:
        good.write_bytes(good.read_bytes()[:-1] + b"?")
    with pytest.raises(ConfigError, match=r"cannot be used: .*there is no good copy beside it"):
        FailingMeter(tmp_path / "meter")
    assert (tmp_path / "meter" / FILE).read_bytes() == content


@pytest.mark.case("R-080")
@pytest.mark.case("R-100")
def test_a_key_that_was_replaced_does_not_come_back_with_the_copy(tmp_path: Path) -> None:
    keys = fresh_keys()
    device = meter(keys, Database(tmp_path / FILE))
    owner = Owner(device, keys).open()
    new = {KeyRole.GUEK: fresh_keys().guek.reveal()}  # type: ignore[union-attr]
    assert owner.transfer(new, kek(keys)) == 0
    assert device.database is not None
    device.database._file.close(works=False)  # killed
    (tmp_path / FILE).write_bytes(b"no database")
    (tmp_path / f"{FILE}-wal").unlink(missing_ok=True)
    device = meter(keys, Database(tmp_path / FILE))
    assert not opens(device, keys)
    owner = Owner(device, with_keys(keys, new)).at(device.last_counter(with_keys(keys, new)) + 1)
    assert owner.open().value(1, NOTE_OF_KEYED) == b""
    device.close()


def test_a_copy_is_made_once_a_day(tmp_path: Path) -> None:
    one = FailingMeter(tmp_path)
    good = tmp_path / f"{FILE}.good"
    first = good.read_bytes()
    one.capture(1)
    assert good.read_bytes() == first
    one.seconds.now += 86_400
    one.capture(2)
    second = good.read_bytes()
    assert second != first
    one.capture(3)
    one.device.close()
    assert good.read_bytes() != second, "and on close"
