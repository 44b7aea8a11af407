"""The counter file: no number twice, whoever takes it and whatever dies meanwhile."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dlmskit.client.counter_store import SqliteCounterStore
from dlmskit.errors import ConfigError, SecurityError
from dlmskit.security.counters import RESTORED_GAP, InvocationCounter
from dlmskit.security.keys import Key
from dlmskit.security.windows import ReceivedCounters
from tests.security.parties import CLIENT

# Takes numbers for ever and says each one after it was given out; what it said is what could have been sent.
TAKER = """
import os, sys
from dlmskit.client.counter_store import SqliteCounterStore
from dlmskit.security.counters import InvocationCounter
counter = InvocationCounter(SqliteCounterStore(sys.argv[1]), "c", block=int(sys.argv[2]))
while True:
    os.write(1, counter.take().to_bytes(8))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "counters.sqlite"


def said(output: bytes) -> list[int]:
    """The numbers of a child; a last one that was cut by the kill counts as not sent."""
    return [int.from_bytes(output[at : at + 8]) for at in range(0, len(output) - len(output) % 8, 8)]


@pytest.mark.case("R-054")
@pytest.mark.supports("counter stored before it is used", suite=None, side="client")
def test_killed_at_random_moments(path: Path) -> None:
    """Two processes at a time on one file, each killed without warning; later ones go on above everything sent before."""
    draw, taken, highest = random.Random(54), [], -1
    for round_ in range(10):
        command = [sys.executable, "-c", TAKER, str(path), str(draw.choice([1, 3, 100]))]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
        outputs = []
        for child in children:
            assert child.stdout is not None
            first = child.stdout.read(8)
            time.sleep(draw.uniform(0, 0.05))
            child.send_signal(signal.SIGKILL)
            outputs.append(said(first + child.communicate()[0]))
        for numbers in outputs:
            assert numbers == sorted(numbers)
            assert len(numbers) > 0
            assert numbers[0] > highest, round_
            taken += numbers
        highest = max(taken)
        assert len(set(taken)) == len(taken), round_
    assert highest < RESTORED_GAP, "a kill is not taken for a restored backup"


@pytest.mark.case("R-054")
def test_crash_between_storing_and_taking(path: Path) -> None:
    """Every moment at which a process can end: before the store, after it, after taking any number of the block."""
    highest = -1
    for takes in (0, 1, 2, 4, 5, 6, 11):
        counter = InvocationCounter(SqliteCounterStore(path), "c", block=5)
        for _ in range(takes):
            number = counter.take()
            assert number > highest
            highest = number


@pytest.mark.case("R-053")
def test_many_threads(path: Path) -> None:
    counter = InvocationCounter(SqliteCounterStore(path), "c")
    with ThreadPoolExecutor(50) as pool:
        taken = [n for part in pool.map(lambda _: [counter.take() for _ in range(200)], range(50)) for n in part]
    assert sorted(taken) == list(range(10_000))


@pytest.mark.case("R-053")
def test_many_threads_with_a_store_each(path: Path) -> None:
    def life(_: int) -> list[int]:
        counter = InvocationCounter(SqliteCounterStore(path), "c", block=7)
        return [counter.take() for _ in range(40)]

    with ThreadPoolExecutor(20) as pool:
        taken = [number for part in pool.map(life, range(20)) for number in part]
    assert len(set(taken)) == 800


@pytest.mark.case("R-053")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_across_a_fork(path: Path) -> None:
    """The child opens the file anew, and does not go on with the block that it inherited in memory."""
    store = SqliteCounterStore(path)
    counter = InvocationCounter(store, "c", block=50)
    taken = [counter.take() for _ in range(3)]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        inherited = store._connection
        os.write(writer, b"".join(counter.take().to_bytes(8) for _ in range(60)))
        os._exit(store._connection is inherited)
    assert os.waitpid(child, 0)[1] == 0
    taken += said(os.read(reader, 480))
    taken += [counter.take() for _ in range(60)]
    assert len(set(taken)) == len(taken) == 123
    os.close(reader)
    os.close(writer)


def test_reserves_and_remembers(path: Path) -> None:
    store = SqliteCounterStore(path)
    assert store.next_unreserved("c") is None
    assert [store.reserve("c", 10), store.reserve("c", 5), store.reserve("c", 1, at_least=100), store.reserve("c", 1)] == [
        0, 10, 100, 101,
    ]  # fmt: skip
    assert store.reserve("other", 3, at_least=7) == 7
    store.close()
    again = SqliteCounterStore(path)
    assert (again.next_unreserved("c"), again.next_unreserved("other")) == (102, 10)


def test_windows_only_rise(path: Path) -> None:
    store, key = SqliteCounterStore(path), Key(bytes(16))
    ReceivedCounters(store).of(key, CLIENT).accept(41)
    store.raise_to("w", 7)
    store.raise_to("w", 3)
    store.close()
    again = SqliteCounterStore(path)
    assert again.lowest_acceptable("w") == 7
    assert again.lowest_acceptable("never heard") == 0
    with pytest.raises(SecurityError):
        ReceivedCounters(again).of(key, CLIENT).accept(41)


def test_what_is_returned_is_on_the_disk(path: Path) -> None:
    store = SqliteCounterStore(path)
    with store._database() as run:
        assert run("PRAGMA journal_mode", {}) == [("wal",)]
        assert run("PRAGMA synchronous", {}) == [(2,)]


@pytest.mark.case("R-100")
def test_a_file_that_cannot_be_used_gives_no_counter(tmp_path: Path, path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        SqliteCounterStore(tmp_path / "missing" / "counters.sqlite")
    (tmp_path / "text").write_text("no database at all, but long enough to be read as one" * 50)
    with pytest.raises(ConfigError, match="cannot be used"):
        SqliteCounterStore(tmp_path / "text")
    store = SqliteCounterStore(path, busy_seconds=0.05)
    counter = InvocationCounter(store, "c", block=2)
    assert [counter.take(), counter.take()] == [0, 1]
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ConfigError, match="locked"):
        counter.take()
    other.execute("ROLLBACK")
    other.close()
    assert counter.take() == 2


def test_a_file_of_an_older_program(path: Path) -> None:
    """It named counters otherwise, so every new name begins above all numbers in it; and it is taken for no copy."""
    with closing(sqlite3.connect(path)) as older, older:
        older.execute("CREATE TABLE transmit (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID")
        older.execute("INSERT INTO transmit VALUES ('one', 700), ('two', 900)")
    store = SqliteCounterStore(path)
    assert (store.reserve("one", 10), store.reserve("new", 10)) == (700, 900)
