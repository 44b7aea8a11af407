"""dlmskit counters: what is left under each key, and a leap where only people know that one is needed."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from dlmskit.client.counter_store import SqliteCounterStore
from dlmskit.client.counters import STATE_VARIABLE
from dlmskit.security.control import COUNTER_MAX
from tests.apps.cli.conftest import Run
from tests.apps.cli.test_keys import done

NAME = "00112233445566AA:4D4D4D0000BC614E"


def kept(path: Path, days: int = 10) -> None:
    """A counter that was first used some days ago, and by 5000 numbers a day since."""
    store = SqliteCounterStore(path)
    store.reserve(NAME, 100, 1000)
    store.reserve(NAME, 5000 * days)
    store.close()
    with closing(sqlite3.connect(path)) as there, there:
        there.execute("UPDATE begun SET second = ?", (int(time.time()) - days * 86_400,))


@pytest.mark.case("R-052")
def test_what_is_left_and_for_how_long(run: Run, tmp_path: Path) -> None:
    kept(tmp_path / "counters.sqlite")
    (found,) = done(run("counters", tmp_path / "counters.sqlite", "--json")).json["counters"]
    assert (found["key"], found["system_title"]) == tuple(NAME.split(":"))
    assert (found["next"], found["remaining"]) == (51_100, COUNTER_MAX + 1 - 51_100)
    assert found["per_day"] == pytest.approx(5000, rel=0.01)
    assert found["days_left"] == pytest.approx((COUNTER_MAX + 1 - 51_100) / 5000, rel=0.01)
    assert found["state"] == "good"
    said = done(run("counters", tmp_path / "counters.sqlite")).out
    assert NAME[:16] in said
    assert "years" in said


@pytest.mark.case("R-052")
@pytest.mark.parametrize(("next_number", "state"), [(COUNTER_MAX - 200, "change-the-key"), (COUNTER_MAX, "used-up")])
def test_the_end_is_seen(run: Run, tmp_path: Path, next_number: int, state: str) -> None:
    store = SqliteCounterStore(tmp_path / "counters.sqlite")
    store.reserve(NAME, 1, next_number)
    store.close()
    (found,) = done(run("counters", tmp_path / "counters.sqlite", "--json")).json["counters"]
    assert (found["state"], found["days_left"]) == (state, None)
    assert state in done(run("counters", tmp_path / "counters.sqlite")).out


def test_a_leap_by_hand(run: Run, tmp_path: Path) -> None:
    """Over counters that the file has never heard of too."""
    path = tmp_path / "counters.sqlite"
    kept(path)
    (found,) = done(run("counters", path, "--leap", "1000000", "--json")).json["counters"]
    assert found["next"] == 1_051_100
    assert SqliteCounterStore(path).reserve("another", 10) == 1_000_000
    assert SqliteCounterStore(path).reserve(NAME, 10) == 1_051_100


def test_the_file_of_the_user(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    refused = run("counters")
    assert refused.code == 2
    assert "nothing was sent" in refused.err
    (tmp_path / "state").mkdir()
    kept(tmp_path / "state" / "counters.sqlite")
    assert len(done(run("counters", "--json")).json["counters"]) == 1
