"""The tables of guards are whole: every case has one or a reason, every guard stands in the source as its table says.

Whether tests turn red without a guard takes longer to see: ``make guards``. Here its judgement is shown: a red test is told from
one that holds nothing, from a copy that does not work, and from a run without end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.guards import Result, confirm, judge, main, table, untouched
from tests.guards.table import ROOT, SOURCE, Guard, GuardTableError, Patch, cases_with_tests, load_guards
from tests.vectors import load

GUARDS = load_guards()
KNOWN = {case["id"] for case in load("robustness-cases")}


def test_every_case_has_a_guard_or_a_reason() -> None:
    held = {case for guard in GUARDS.guards for case in guard.cases}
    open_cases = cases_with_tests() - held - GUARDS.without.keys()
    assert not open_cases, "add a guard to tests/guards, or a reason to the table `without` there"
    assert not held & GUARDS.without.keys()


def test_every_reason_is_a_sentence_about_a_case_with_tests() -> None:
    assert GUARDS.without.keys() <= cases_with_tests()
    assert all(reason.endswith(".") for reason in GUARDS.without.values())


@pytest.mark.parametrize("guard", GUARDS.guards, ids=lambda guard: guard.id)
def test_the_guard_stands_in_the_source_once(guard: Guard) -> None:
    guard.check()
    assert guard.cases
    assert set(guard.cases) <= cases_with_tests() & KNOWN
    assert guard.protects.endswith(".")


def test_what_stands_there_without_a_guard_is_code(tmp_path: Path) -> None:
    """A name that does not exist would fail tests that expect any error at all, and show nothing."""
    for guard in GUARDS.guards:
        copy = tmp_path / guard.id
        for patch in guard.patches:
            (copy / patch.file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / patch.file, copy / patch.file)
        guard.take_out(copy)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--quiet", "--select", "F821,F823,E9", "."]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (found.stdout + found.stderr, found.returncode) == ("", 0)


def test_a_guard_that_moved_is_said(tmp_path: Path) -> None:
    (tmp_path / "gate.py").write_text("if shut: stop()\nif shut: stop()\n")
    with pytest.raises(GuardTableError, match="2 times, not once: if shut"):
        Patch("gate.py", "if shut: stop()\n", "").applied(tmp_path)
    with pytest.raises(GuardTableError, match=r"gate\.py: the text of the guard stands there 0 times"):
        Patch("gate.py", "if open: stop()\n", "").applied(tmp_path)
    with pytest.raises(GuardTableError, match=r"fence\.py: No such file"):
        Patch("fence.py", "", "").applied(tmp_path)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('id = "a"\ncases = ["R-001"]\nprotects = "."\nfile = "a.py"\ntext = "a"', "the guard a has no 'instead'"),
        ('id = "a"\ncase = "R-001"', "the guard a has words that are none: case"),
    ],
)
def test_a_table_that_cannot_be_used_is_said(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "some.toml").write_text(f"[[guard]]\n{entry}\n")
    with pytest.raises(GuardTableError, match=message):
        load_guards(tmp_path)


# --- What comes of a guard ------------------------------------------------------------------------------------------------

GUARD = Guard("gate", ("R-001", "R-002"), "Something.", (Patch("limits.py", "a", "b"),))


def line(test: str, outcome: str, *cases: str, by: str = "") -> dict[str, Any]:
    return {"test": test, "outcome": outcome, "cases": list(cases), "by": by}


@pytest.mark.parametrize(
    ("lines", "ended", "outcome", "why"),
    [
        ([line("h", "passed"), line("a", "failed", "R-001", "R-002")], True, "red", ""),
        ([line("a", "failed", "R-001"), line("b", "failed", "R-002")], False, "red", ""),
        ([line("a", "failed", "R-001"), line("b", "passed", "R-002")], True, "GREEN", "no test saw it: R-002"),
        ([line("a", "failed", "R-001"), line("b", "skipped", "R-002")], True, "GREEN", "no test saw it: R-002"),
        ([line("a", "failed", "R-001")], False, "endless", "no red test in time: R-002"),
        ([line("h", "failed"), line("a", "failed", "R-001", "R-002")], True, "broken", "the honest exchange fails as well: h"),
        ([line("a", "broken", "R-001", "R-002", by="NameError")], True, "broken", "a: NameError"),
        ([line("a", "broken", "R-001", "R-002", by="KeyError")], True, "GREEN", "no test saw it: R-001, R-002"),
        ([line("f.py", "broken", by="while it was collected")], True, "broken", "f.py: while it was collected"),
        ([], True, "broken", "no test of it ran: "),
    ],
)
def test_what_counts_as_red(lines: list[dict[str, Any]], ended: bool, outcome: str, why: str) -> None:
    result = judge(GUARD, lines, ended=ended)
    assert (result.outcome, result.why) == (outcome, why)
    assert outcome in table([result])


def test_tests_that_no_guard_turned_red_are_known() -> None:
    lines = [line("a[1]", "failed", "R-001"), line("a[2]", "passed", "R-001"), line("b", "passed", "R-002")]
    assert untouched([judge(GUARD, lines, ended=True)]) == ["b"]


TESTS = """
import pytest
import dlmskit

@pytest.mark.case("R-001")
def test_sees_it(): assert {seen}

@pytest.mark.case("R-002")
def test_holds_something_else(): assert False

def test_of_no_case(): assert {honest}
"""


def witnessed(folder: Path, tests: str, source: Path) -> tuple[int, list[dict[str, Any]]]:
    """The witness at work on one file, over a source."""
    file, report = folder / "test_small.py", folder / "report.jsonl"
    file.write_text(tests)
    job = {"source": str(source), "report": str(report), "cases": ["R-001"], "runs": [[str(file)]] * 2, "everything": False}
    command = [sys.executable, "-m", "tests.guards.witness", json.dumps(job)]
    code = subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode
    return code, [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []


@pytest.mark.parametrize(
    ("seen", "outcomes"),
    [
        ("False", ["failed"]),  # and the rest is not run: all is decided
        ("True", ["passed", "failed", "passed", "passed"]),  # the first run is the honest one, whole; then the case alone
        ("nothing", ["broken", "failed", "passed", "broken"]),
    ],
)
def test_the_witness_runs_the_tests_of_the_case(tmp_path: Path, seen: str, outcomes: list[str]) -> None:
    code, lines = witnessed(tmp_path, TESTS.format(seen=seen, honest="True"), SOURCE.parent)
    assert code == 0
    assert [line["outcome"] for line in lines] == outcomes


def test_a_test_that_fails_anyway_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or that is not there when it is run again."""
    again = [line("good", "passed"), line("bad", "failed")]
    monkeypatch.setattr("scripts.guards._witnessed", lambda *_, **__: (again, True, ""))
    results = [Result(name, [], "red", deciding=["good", *more]) for name, more in (("a", []), ("b", ["bad"]), ("c", ["gone"]))]
    confirm(results, seconds=1)
    assert [(result.outcome, result.why) for result in results] == [
        ("red", ""),
        ("broken", "fails with the guard as well: bad"),
        ("broken", "fails with the guard as well: gone"),
    ]


def test_the_witness_refuses_another_source_than_the_copy(tmp_path: Path) -> None:
    assert witnessed(tmp_path, TESTS, tmp_path) == (2, [])


def test_what_is_no_guard_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["R-999"]) == 2
    assert "R-999: neither a guard nor a case that has one" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_it_finds_nothing_left(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "scripts.guards"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        while not running(tmp_path):
            assert process.poll() is None
            time.sleep(0.01)
        assert copies(tmp_path)
        process.send_signal(number)
    assert process.returncode == 128 + number
    assert copies(tmp_path) == []
    while running(tmp_path):
        time.sleep(0.01)


def copies(folder: Path) -> list[Path]:
    return list(folder.glob("guard-*"))


def running(folder: Path) -> list[str]:
    """The processes that have something in a folder on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text(encoding="utf-8", errors="replace"))
        except OSError:  # it has ended
            continue
    return [command for command in found if str(folder) in command]
