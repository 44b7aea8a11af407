"""Settings of the whole suite: hypothesis profiles, the record of the support table, the check that a robustness case exists.

In the profile of `make test` hypothesis draws the same examples in every run: a result depends on the tree alone. `make guards`
draws those too, and looks for no smaller one where one fails. `make soak` draws many more, at random.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support import recorder
from tests.vectors import load

settings.register_profile("suite", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", max_examples=5000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("guards", settings.get_profile("suite"), phases=[Phase.explicit, Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


def pytest_configure(config: pytest.Config) -> None:
    """Write down which cells of the support table the run has shown."""
    config.pluginmanager.register(recorder, "support-record")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a case id that the list of robustness cases does not have: a test of a misspelt case would hold nothing."""
    known = {case["id"] for case in load("robustness-cases")}
    for item in items:
        for marker in item.iter_markers("case"):
            if not marker.args or not known.issuperset(marker.args):
                raise pytest.UsageError(f"{item.nodeid}: case{marker.args} is not an id of tests/data/robustness-cases.json")
