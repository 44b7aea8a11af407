"""Meters with their page, one for a file of tests, whole again before each; and one who has looked at the URL on the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from dlmskit.apps.simulator.fleets import Fleet
from dlmskit.apps.simulator.page_address import PageAddress
from dlmskit.apps.simulator.serving import Serving, served_many
from tests.apps.simulator.web.visitor import METERS, Visitor


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running() -> AsyncIterator[Fleet]:
    serving = Serving(port=0, meters=METERS, page=PageAddress("127.0.0.1", 0))
    async with served_many(Path("electricity-1p"), serving) as fleet:
        yield fleet


@pytest_asyncio.fixture(loop_scope="module")
async def fleet(running: Fleet) -> Fleet:
    for meter in running.meters:
        for kind in meter.faults.active:
            meter.faults.end(kind)
        meter.catch_up()
        assert not meter.faults.active
    return running


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(fleet: Fleet) -> Visitor:
    assert fleet.page is not None
    return Visitor(fleet.page)
