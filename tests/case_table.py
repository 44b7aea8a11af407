"""Prints which tests hold which robustness case: ``python -m tests.case_table``, or ``make cases``.

The tests are collected, not run; a test holds the cases that its ``case`` markers name.
"""

from __future__ import annotations

import contextlib
import io
from collections import defaultdict

import pytest

from tests.vectors import load


class CaseCollector:
    """A pytest plugin that notes the test functions behind each case id."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Read the markers of everything that was collected, one line per function, however many its parameters."""
        for item in session.items:
            function = item.nodeid.partition("[")[0]
            for marker in item.iter_markers("case"):
                for case in marker.args:
                    if function not in self.tests[case]:
                        self.tests[case].append(function)


def collect(*arguments: str) -> dict[str, list[str]]:
    """Case id -> test functions, for the whole suite or for the given paths.

    Raises:
        RuntimeError: when the suite cannot be collected; the message is pytest's.
    """
    collector = CaseCollector()
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main(["--collect-only", "-q", "-m", "", *arguments], plugins=[collector])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(output.getvalue())
    return dict(collector.tests)


def table(tests: dict[str, list[str]]) -> str:
    """The table as text: each area with its cases, each case with its tests, and the count at the end."""
    lines: list[str] = []
    area = ""
    cases = load("robustness-cases")
    for case in cases:
        if case["area"] != area:
            area = case["area"]
            lines.append(f"\n{case['group']}. {area}")
        held_by = tests.get(case["id"], [])
        lines.append(f"  {case['id']} {'+' if held_by else '-'} {case['case']}")
        lines.extend(f"          {test}" for test in held_by)
    held = sum(case["id"] in tests for case in cases)
    lines.append(f"\n{held} of {len(cases)} cases have a test.")
    return "\n".join(lines).lstrip("\n")


if __name__ == "__main__":
    print(table(collect()))
