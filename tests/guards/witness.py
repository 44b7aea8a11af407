"""What is run against a copy of the source without a guard: which tests of its cases fail, and by what.

``python -m scripts.guards`` starts it as a process of its own, the copy first on its path, with a job as JSON. It refuses to go
on where not the copy was imported, runs file after file until every case has a red test, and writes a line of JSON for each
test, at once: what was seen counts also where the run never ends.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import dlmskit

_MOST_MEMORY = 8 << 30
"""Of address space: without its guard a bomb goes off in this process alone."""
_NO_PROOF = (ImportError, NameError, SyntaxError)
"""By these a test fails because the patch is no code, not because the guard is missing."""


class Witness:
    """A pytest plugin that runs the honest exchange, then of what it is given the tests of some cases alone."""

    def __init__(self, cases: set[str], report: Path, *, everything: bool) -> None:
        self._cases = cases
        self._report = report
        self._everything = everything
        self._missing = set(cases)
        self.honest = True
        """Whether this run is the one of the honest exchange."""

    @property
    def decided(self) -> bool:
        """Whether every case has a red test, and no more is wanted."""
        return bool(self._cases) and not self._missing and not self._everything

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the tests of the wanted cases."""
        kept = [item for item in items if self.honest or _cases_of(item) & self._cases]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """What cannot even be collected is broken."""
        if report.failed:
            self._write(test=report.nodeid, cases=[], outcome="broken", by="while it was collected")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """One line for what decides a test: its body, or what failed before it."""
        report = yield
        if call.when == "call" or (call.when == "setup" and not report.passed):
            outcome, by = report.outcome, ""
            if outcome == "failed" and call.excinfo is not None:
                by = call.excinfo.type.__name__
                if call.when == "setup" or _is_no_proof(call.excinfo.value):
                    outcome = "broken"
            self._write(test=item.nodeid, cases=sorted(_cases_of(item)), outcome=outcome, by=by)
            if outcome == "failed":
                self._missing -= _cases_of(item)
                item.session.shouldstop = "every case has a red test" if self.decided else False
        return report

    def _write(self, **line: object) -> None:
        with self._report.open("a", encoding="utf-8") as report:
            report.write(json.dumps(line) + "\n")


def _cases_of(item: pytest.Item) -> set[str]:
    return {case for marker in item.iter_markers("case") for case in marker.args}


def _is_no_proof(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_no_proof, error.exceptions))
    return isinstance(error, _NO_PROOF)


def main(job: dict[str, Any]) -> int:
    """Run the job: ``source``, ``report``, ``cases``, ``everything``, ``runs`` (arguments of pytest, the honest ones first)."""
    found, wanted = Path(dlmskit.__file__).resolve(), Path(job["source"]).resolve()
    if not found.is_relative_to(wanted):
        print(f"{found} was imported, and not the copy in {wanted}", file=sys.stderr)
        return 2
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    witness = Witness(set(job["cases"]), Path(job["report"]), everything=job["everything"])
    for tests in job["runs"]:
        pytest.main(["-c", "pyproject.toml", "-p", "no:cacheprovider", "-q", "--tb=line", *tests], plugins=[witness])
        witness.honest = False
        if witness.decided:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
