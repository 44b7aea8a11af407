"""The household meter of the examples, served on loopback for a foreign client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dlmskit.apps.simulator.serving import Served, Serving, served

HOUSEHOLD = Path(__file__).parents[2] / "examples" / "household.toml"


@pytest.fixture
async def household() -> AsyncIterator[Served]:
    async with served(HOUSEHOLD, Serving(port=0)) as meter:
        yield meter
