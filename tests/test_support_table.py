"""The support table says what a run has shown and nothing else: real runs of small suites, with and without workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.support_table import PAGES, page, table, write
from tests.support.features import CELLS, FEATURES, Cell

ROOT = Path(__file__).parent.parent
SUITE = """
import pytest

supports = pytest.mark.supports

@supports("mechanism 5", suite=0, side="server")
def test_shown(): pass

@supports("mechanism 5", suite=1, side="server")
def test_refuted(): assert False

@supports("mechanism 5", suite=2, side="server")
@pytest.mark.skip
def test_skipped(): pass

@supports("mechanism 6", suite=0)
@pytest.mark.xfail(strict=True)
def test_expected_to_fail(): assert False

@pytest.fixture
def broken():
    yield
    raise RuntimeError

@supports("mechanism 6", suite=1)
def test_fails_afterwards(broken): pass

def test_unmarked_of_mechanism_7(): pass

@supports("{form} {protection}", suite=(0, "{suite}"), side=["client"])
@pytest.mark.parametrize("protection", ["authenticated", "encrypted"])
@pytest.mark.parametrize("form, suite", [("glo", 1), ("ded", 2)])
def test_table(form, suite, protection):
    assert (form, protection) != ("ded", "encrypted")
"""


def run(folder: Path, *words: str, suite: str = SUITE) -> subprocess.CompletedProcess[str]:
    """Run a suite of its own that has nothing but the plugin."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    (folder / "test_suite.py").write_text(suite)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.recorder", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def made(folder: Path) -> dict[Cell, dict[str, Any]]:
    """The table that is written after a run."""
    write(folder / ".pytest_cache" / "v" / "dlmskit" / "supports", folder)
    rows = json.loads((folder / "support.json").read_text())
    return {Cell(row["feature"], row["suite"], row["side"]): row for row in rows}


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_what_a_run_has_shown(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, *words).returncode == 1
    rows = made(tmp_path)
    passing = {cell: row["tests"] for cell, row in rows.items() if row["status"] == "passes"}
    # "ded encrypted" failed, so one parameter of test_table holds nothing, not even in the suite that another one shows.
    assert passing == {
        Cell("mechanism 5", 0, "server"): ["test_suite.py::test_shown"],
        Cell("glo authenticated", 0, "client"): ["test_suite.py::test_table"],
        Cell("glo authenticated", 1, "client"): ["test_suite.py::test_table"],
        Cell("glo encrypted", 0, "client"): ["test_suite.py::test_table"],
        Cell("glo encrypted", 1, "client"): ["test_suite.py::test_table"],
        Cell("ded authenticated", 0, "client"): ["test_suite.py::test_table"],
        Cell("ded authenticated", 2, "client"): ["test_suite.py::test_table"],
    }
    assert tuple(rows) == CELLS
    assert all(set(row) == {"feature", "suite", "side", "status", "tests"} for row in rows.values())
    assert all(row["status"] == "absent" and row["tests"] == [] for cell, row in rows.items() if cell not in passing)
    text = (tmp_path / "support.md").read_text()
    assert f"7 of {len(CELLS)} cells" in text
    assert "- mechanism 5: `test_suite.py::test_shown` (0S)" in text
    assert "| mechanism 5: HLS GMAC | absent | + | absent | absent | absent | absent |" in text


def test_a_run_that_shows_nothing_leaves_the_record(tmp_path: Path) -> None:
    run(tmp_path)
    before = made(tmp_path)
    assert run(tmp_path, "-k", "unmarked").returncode == 0
    assert run(tmp_path, "--collect-only").returncode == 0
    assert made(tmp_path) == before


def test_a_test_that_fails_now_takes_its_cell_away(tmp_path: Path) -> None:
    mark = "import pytest\n@pytest.mark.supports('mechanism 5', suite=0, side='server')\ndef test_it(): assert {}\n"
    cell = Cell("mechanism 5", 0, "server")
    run(tmp_path, suite=mark.format(True))
    assert made(tmp_path)[cell]["status"] == "passes"
    run(tmp_path, suite=mark.format(False))
    assert made(tmp_path)[cell]["status"] == "absent"


@pytest.mark.parametrize(
    "mark",
    [
        "supports('mechanism 9', suite=0)",
        "supports('mechanism 7', suite=0)",
        "supports('mechanism 5')",
        "supports(suite=0)",
        "supports('mechanism 5', suite=0, side='meter')",
        "supports('mechanism 5', suite=0, sides='server')",
        "supports('mechanism {number}', suite=0)",
        "support('mechanism 5', suite=0)",
    ],
)
def test_a_mark_that_is_no_cell_stops_the_run(tmp_path: Path, mark: str) -> None:
    result = run(tmp_path, suite=f"import pytest\n@pytest.mark.{mark}\ndef test_it(): pass\n")
    assert result.returncode in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED}, result.stdout
    assert "passed" not in result.stdout


def test_one_failure_among_many_outweighs_them() -> None:
    cell = ["mechanism 5", 0, "server"]
    record = {f"a.py::test_{name}": {"outcome": name, "cells": [cell]} for name in ("passed", "failed")}
    assert all(row["status"] == "absent" for row in table(record))


def test_the_published_table_has_every_cell_once_and_names_tests_that_exist() -> None:
    rows = json.loads((PAGES / "support.json").read_text(encoding="utf-8"))
    assert tuple(Cell(row["feature"], row["suite"], row["side"]) for row in rows) == CELLS
    assert (PAGES / "support.md").read_text(encoding="utf-8") == page(rows)
    for row in rows:
        assert (row["status"] == "passes") == bool(row["tests"])
        for test in row["tests"]:
            file, _, function = test.partition("::")
            assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_features_are_named_once() -> None:
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    assert len(set(CELLS)) == len(CELLS)
