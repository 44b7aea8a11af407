"""A power cut at any statement of a key change, and kill -9 at any moment: old keys or new ones open the meter (R-080)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dlmskit.codec.data import Data
from dlmskit.crypto.certificates import CertificateRequest, Role
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.server import Database, Device
from tests.server.keyed import NOTE, Owner, fresh_keys, kek, meter, opens, with_keys
from tests.server.peers import METER
from tests.server.pki import VALIDITY, Personalised, personalise
from tests.server.storage.key_victim import KEYS, changed, key_of, owned

ROOT = Path(__file__).parents[3]


class PowerCut(BaseException):
    """Nothing after this happens."""


class FragileDatabase(Database):
    """Counts what it does, and stops dead before one of its statements."""

    def __init__(self, path: Path) -> None:
        self.left: int | None = None
        self.statements = 0
        super().__init__(path)

    def _run(self, statement: str, parameters: Any = ()) -> Any:
        self.count()
        return super()._run(statement, parameters)

    def count(self) -> None:
        self.statements += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise PowerCut

    def cut(self) -> None:
        """As the power does it: what was not committed is gone."""
        self.left = None
        self._connection.rollback()
        self._connection.close()


def transferred(owner: Owner, keys: KeySet, new: dict[KeyRole, bytes]) -> None:
    assert owner.transfer(new, kek(keys)) == 0
    owner.use(with_keys(keys, new))
    assert owner.value(1, NOTE) == b""


@pytest.mark.case("R-080")
@pytest.mark.case("R-099")
@pytest.mark.parametrize("roles", [(KeyRole.GUEK,), (KeyRole.GUEK, KeyRole.GAK, KeyRole.KEK)], ids=str)
def test_a_power_cut_at_any_statement_of_a_transfer(tmp_path: Path, roles: Sequence[KeyRole]) -> None:
    outcomes = []
    for left in range(100):
        keys, folder = fresh_keys(), tmp_path / str(left)
        folder.mkdir()
        new = {role: getattr(fresh_keys(), role.value).reveal() for role in roles}
        database = FragileDatabase(folder / "meter.sqlite")
        device = meter(keys, database)
        owner = Owner(device, keys).open()
        database.left = left
        try:
            transferred(owner, keys, new)
        except PowerCut:
            database.cut()
        else:
            database.left = None
            device.close()
            outcomes.append("done")
            break
        device = meter(keys, Database(folder / "meter.sqlite"))
        outcomes.append(found(device, keys, with_keys(keys, new)))
        device.close()
    # First the old key, from one statement on the new one, and never both or none.
    assert outcomes[-1] == "done"
    assert outcomes == sorted(outcomes, key=["old", "new", "done"].index)
    assert {"old", "new"} <= set(outcomes)


def found(device: Device, old: KeySet, new: KeySet) -> str:
    """Which of the keys opens the meter: exactly one must."""
    opened = [name for name, keys in (("old", old), ("new", new)) if opens(device, keys)]
    assert len(opened) == 1, opened
    return opened[0]


@pytest.mark.case("R-080")
def test_a_power_cut_at_any_statement_of_an_agreement(tmp_path: Path) -> None:
    """The client that got no answer has the old keys alone: they must open the meter until it has used the new ones."""
    for left in range(100):
        folder = tmp_path / str(left)
        folder.mkdir()
        database = FragileDatabase(folder / "meter.sqlite")
        here = personalise(1, database)
        owner, new = here.owner().at(100).open(), None
        database.left = left
        try:
            _, new = here.agree(owner, KeyRole.GUEK, KeyRole.GAK)
            owner.use(with_keys(here.keys, new))
            assert owner.value(1, NOTE) == b""
        except PowerCut:
            database.cut()
        else:
            database.left = None
            here.device.close()
            assert left > 3
            return
        device = again(here, folder)
        if new is None:
            assert opens(device, here.keys, security_suite=1), left
        else:
            assert opens(device, with_keys(here.keys, new), security_suite=1), left
        device.close()
    pytest.fail("it never got through")


@pytest.mark.case("R-080")
def test_a_power_cut_at_any_statement_of_a_certificate(tmp_path: Path) -> None:
    """The meter signs with its old key pair, certified, or with the new one, certified: never with none."""
    seen: set[str] = set()
    for left in range(100):
        folder = tmp_path / str(left)
        folder.mkdir()
        database = FragileDatabase(folder / "meter.sqlite")
        here = personalise(1, database)
        owner = here.owner().at(100).open()
        database.left = left
        try:
            assert owner.call(4, Data.enum(0)).result == 0
            request = CertificateRequest(owner.call(5, Data.enum(0)).return_parameters.value)
            certificate = here.root.certify(request, METER, Role.SIGNATURE, 2000, VALIDITY)
            assert owner.call(6, Data.octet_string(certificate.octets)).result == 0
        except PowerCut:
            database.cut()
        else:
            database.left = None
            here.device.close()
            assert {"old", "new"} >= seen
            assert "old" in seen
            return
        device = again(here, folder)
        state = device[1].clients[1].keys.state
        own = [one for one in state.certificates if one.system_title == METER]
        signer = device[1].clients[1].keys.candidates()[0].correspondence.identity.signing
        assert signer is not None
        assert [one.public_key for one in own] == [signer.public]
        seen.add("old" if own[0] == here.meter_certificate else "new")
        device.close()
    pytest.fail("it never got through")


def again(here: Personalised, folder: Path) -> Device:
    database = Database(folder / "meter.sqlite")
    settings = {"security_suite": here.suite}
    return meter(here.keys, database, settings=settings, anchors=(here.root.certificate,))


@pytest.mark.case("R-080")
@pytest.mark.parametrize("kills", [5, pytest.param(1000, marks=pytest.mark.soak)])
def test_kill_9_in_the_middle_of_key_changes(tmp_path: Path, kills: int) -> None:
    chance, last = random.Random(7), 0
    for _ in range(kills):
        told = killed(tmp_path, chance.uniform(0.0, 0.2))
        last = max(told, last)
        device = owned(tmp_path)
        opened = [number for number in (last, last + 1) if opens(device, changed(number))]
        device.close()
        assert len(opened) == 1, (last, opened)
        last = opened[0]


def killed(folder: Path, seconds: float) -> int:
    """Let the owner change keys for a while and kill the meter; the number of the last change that was answered."""
    command = [sys.executable, "-m", "tests.server.storage.key_victim", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first, process.stderr.read()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.read().splitlines(keepends=True)]
    return int([line for line in lines if line.endswith("\n")][-1])


def test_the_victim_has_keys_of_its_own() -> None:
    assert key_of(1) != key_of(2)
    assert changed(0) == KEYS
    assert isinstance(changed(3).guek, Key)
