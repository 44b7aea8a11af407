"""One meter for each suite, served as long as a file of tests runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from dlmskit.apps.simulator.serving import Served
from tests.system.lab import meter

MeterOf = Callable[[int], Awaitable[Served]]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def meter_of(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MeterOf]:
    """Gives the meter of a suite: started when it is first asked for."""
    running: dict[int, Served] = {}
    async with AsyncExitStack() as stack:

        async def of(suite: int) -> Served:
            if suite not in running:
                folder = tmp_path_factory.mktemp(f"suite-{suite}")
                running[suite] = await stack.enter_async_context(meter(folder, suite))
            return running[suite]

        yield of
