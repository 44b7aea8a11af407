"""Writes the support table from the last test run: ``python -m scripts.support_table``; ``make support-table`` runs it first.

A cell passes when a test that names it passed and none that names it failed. All others are absent: what no test has shown, what
a test has refuted, what was skipped. The rows stand in ``tests/support/features.py``, the record is that of its `recorder`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.support.features import CELLS, FEATURES, SIDES, Cell, Feature

ROOT = Path(__file__).parent.parent
RECORD = ROOT / ".pytest_cache" / "v" / "dlmskit" / "supports"
PAGES = ROOT / "docs" / "reference"

Row = dict[str, Any]
"""One cell: feature, suite, side, status, tests."""


def table(record: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """A row for every cell of the concept, from the record of a run."""
    shown: dict[Cell, list[str]] = {cell: [] for cell in CELLS}
    refuted: set[Cell] = set()
    for test, result in record.items():
        for cell in (Cell(*words) for words in result["cells"]):
            if result["outcome"] == "failed":
                refuted.add(cell)
            elif result["outcome"] == "passed" and cell in shown:
                shown[cell].append(test.partition("[")[0])
    return [_row(cell, [] if cell in refuted else sorted(set(tests))) for cell, tests in shown.items()]


def _row(cell: Cell, tests: list[str]) -> Row:
    return {**cell._asdict(), "status": "passes" if tests else "absent", "tests": tests}


def page(rows: Sequence[Row]) -> str:
    """The page made from the rows: a table for each group, and the tests behind it."""
    passing = sum(row["status"] == "passes" for row in rows)
    by_cell = {Cell(row["feature"], row["suite"], row["side"]): row for row in rows}
    lines = [
        "# What is supported",
        "",
        f"{passing} of {len(rows)} cells of the security concept were shown by tests in the last run; the rest is absent.",
        "A cell is one feature in one security suite on one side. It passes when a test in which that side takes part passed,",
        "and no test of it failed. `support.json` beside this page has the same as data.",
        "",
        "`+` passes, `absent` is not shown by any test, blank: the suite does not have it. C is the client, S the server.",
    ]
    for group, features in groupby(FEATURES, key=lambda feature: feature.group):
        lines += _group(group, list(features), by_cell)
    return "\n".join([*lines, "", "*Made from the record of a test run by `scripts/support_table.py`.*", ""])


def _group(group: str, features: list[Feature], rows: Mapping[Cell, Row]) -> Iterator[str]:
    suites = sorted({suite for feature in features for suite in feature.suites}, key=str)
    columns = [(suite, side) for suite in suites for side in SIDES]
    yield from ("", f"## {group}", "")
    heads = [f"{'' if suite is None else f'{suite} '}{side[0].upper()}" for suite, side in columns]
    yield f"| feature | {' | '.join(heads)} |"
    yield "| --- |" + " :-: |" * len(columns)
    for feature in features:
        marks = (_mark(rows.get(Cell(feature.name, suite, side))) for suite, side in columns)
        name = f"{feature.name}: {feature.about}" if feature.about else feature.name
        yield f"| {name} | {' | '.join(marks)} |"
    shown = [(feature, _tests(feature, rows)) for feature in features]
    if any(tests for _, tests in shown):
        yield from ("", "Tests:", "")
    for feature, tests in shown:
        if tests:
            yield f"- {feature.name}: {', '.join(tests)}"


def _mark(row: Row | None) -> str:
    return "" if row is None else "+" if row["status"] == "passes" else "absent"


def _tests(feature: Feature, rows: Mapping[Cell, Row]) -> list[str]:
    """Each test with the cells that it is behind, where it is not behind all of the row."""
    cells: dict[str, list[Cell]] = {}
    for cell in feature.cells():
        for test in rows[cell]["tests"]:
            cells.setdefault(test, []).append(cell)
    everything = len(list(feature.cells()))
    return [f"`{test}`{'' if len(found) == everything else f' ({_said(found)})'}" for test, found in sorted(cells.items())]


def _said(cells: Sequence[Cell]) -> str:
    return " ".join(f"{'' if cell.suite is None else cell.suite}{cell.side[0].upper()}" for cell in cells)


def write(record: Path, pages: Path) -> list[Row]:
    """Write ``support.json`` and ``support.md`` from a record. Raises FileNotFoundError where no run was recorded."""
    rows = table(json.loads(record.read_text(encoding="utf-8")))
    lines = ",\n".join(f" {json.dumps(row, ensure_ascii=False)}" for row in rows)
    (pages / "support.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    (pages / "support.md").write_text(page(rows), encoding="utf-8")
    return rows


def main() -> int:
    """Write, and say how much there is."""
    try:
        rows = write(RECORD, PAGES)
    except FileNotFoundError:
        print("no test run was recorded: make support-table runs the tests that the table is made from", file=sys.stderr)
        return 2
    passing = sum(row["status"] == "passes" for row in rows)
    print(f"docs/reference/support.json and support.md: {passing} of {len(rows)} cells pass, {len(rows) - passing} are absent")
    return 0


if __name__ == "__main__":
    sys.exit(main())
