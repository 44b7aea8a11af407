"""A pytest plugin that writes down how the marked tests of a run went, in pytest's cache: what the support table is made from.

With xdist the workers run the tests and the controller, which gets their reports, writes. A run without a marked test, and one
that only collects, leaves the record of the last one alone.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.marks import MARKER, cells_of

RECORD = "dlmskit/supports"
"""Under this name the record is in the cache: node id -> {"outcome": ..., "cells": [[feature, suite, side], ...]}."""
PROPERTY = "supports"

Record = dict[str, dict[str, Any]]
_KEPT = pytest.StashKey[Record]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known: a misspelt one is an error."""
    config.addinivalue_line("markers", MARKER)
    config.stash[_KEPT] = {}
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Writer(config), "support-table")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the cells where the reports carry them along, from worker to controller too."""
    for item in items:
        cells = cells_of(item)
        if cells:
            item.user_properties.append((PROPERTY, [list(cell) for cell in cells]))


class _Writer:
    """What the process does that sees every report: a run without xdist, or its controller."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test has passed when its body has and nothing before or after it failed."""
        cells = dict(report.user_properties).get(PROPERTY)
        if cells is None:
            return
        record = self._config.stash[_KEPT]
        known = record.get(report.nodeid, {}).get("outcome")
        if report.failed or known == "failed":
            outcome = "failed"
        elif report.when == "call" and report.passed:
            outcome = "passed"
        else:
            outcome = known or "skipped"
        record[report.nodeid] = {"outcome": outcome, "cells": cells}

    def pytest_sessionfinish(self) -> None:
        """Write."""
        record = self._config.stash[_KEPT]
        cache = getattr(self._config, "cache", None)
        if record and cache is not None:
            cache.set(RECORD, record)
