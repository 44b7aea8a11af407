"""kill -9 at any moment leaves a consistent meter: old values or new ones, whole rows, no counter twice (R-054, R-099)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.server.peers import KEYS, METER
from tests.server.storage.victim import DEPTH, NUMBER, PROFILE, TURN, meter

ROOT = Path(__file__).parents[3]


@pytest.mark.case("R-054")
@pytest.mark.case("R-099")
@pytest.mark.supports("counter stored before it is used", suite=None, side="server")
@pytest.mark.parametrize("kills", [6, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_killed_meter_is_consistent(tmp_path: Path, kills: int) -> None:
    chance = random.Random(1)
    last_turn = last_sent = 0
    for _ in range(kills):
        told = killed(tmp_path, chance.uniform(0.0, 0.25))
        turns = [line[0] for line in told]
        assert turns == list(range(turns[0], turns[0] + len(turns)))
        assert turns[0] in {last_turn + 1, last_turn + 2}  # one more may have been on the disk when it was killed
        last_turn = turns[-1]
        first_sent, last_counter = told[0][2], told[-1][2]
        assert first_sent > last_sent, "an invocation counter came twice"
        last_sent = last_counter
        check(tmp_path, last_turn, received=told[-1][1], sent=last_counter)


def killed(folder: Path, seconds: float) -> list[list[int]]:
    """Let the meter work for a while, kill it in the middle of whatever it does, and give back what it has told."""
    command = [sys.executable, "-m", "tests.server.storage.victim", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first, process.stderr.read()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.read().splitlines(keepends=True)]
    return [[int(word) for word in line.split()] for line in lines if line.endswith("\n") and len(line.split()) == 4]


def check(folder: Path, told: int, *, received: int, sent: int) -> None:
    """Everything that was told is there, and at most one more turn, whole."""
    device = meter(folder)
    tree = device[1].tree
    number = tree.get(1, NUMBER).get(2).value
    assert told <= number <= told + 1
    assert tree.get(1, TURN).get(2).value == number, "two values of one request differ"
    rows = tree.get(7, PROFILE).get(2).value
    assert [list(row) for row in rows] == [[n, n] for n in range(max(1, number - DEPTH + 1), number + 1)]
    assert device.last_counter(KEYS) >= received
    key = KEYS.guek
    assert key is not None
    assert device.transmit.of(key, METER).take() > sent
    device.close()
