"""Profiles as tables: description read once, rows by time and by number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dlmskit.association.settings import SUPPORTED
from dlmskit.codec.data import Data
from dlmskit.cosem.selective import CaptureObject
from dlmskit.errors import ConfigError, LocalProtocolError, ServiceError
from dlmskit.types.conformance import Conformance
from tests.client.conftest import Connect
from tests.client.small_meter import ENERGY, LOAD, QUARTER, START, SmallMeter

NAMES = ("clock", "0.0.96.10.1.255", "1.0.1.8.0.255")


async def test_rows_between_two_moments(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        table = await meter.profile(LOAD).read(START + QUARTER, START + 3 * QUARTER)
    assert table.names == NAMES
    assert [column.heading for column in table.columns][-1] == "1.0.1.8.0.255 [Wh]"
    assert [row["1.0.1.8.0.255"] for row in table] == [100.7, 101.4, 102.1]
    assert [moment.to_datetime() for moment in table.column("clock")] == [START + n * QUARTER for n in (1, 2, 3)]
    assert table.to_csv().splitlines()[0] == "clock,0.0.96.10.1.255,1.0.1.8.0.255 [Wh]"
    assert table.to_polars().shape == (3, 3)


@pytest.mark.parametrize(
    ("since", "until", "rows"),
    [(None, None, 96), (START + 90 * QUARTER, None, 6), (None, START, 1), (START + timedelta(days=2), None, 0)],
)
async def test_open_ends(
    connect: Connect, small_meter: SmallMeter, secured: dict[str, Any], since: Any, until: Any, rows: int
) -> None:
    async with connect(small_meter.url, **secured) as meter:
        assert len(await meter.profile(LOAD).read(since, until)) == rows


async def test_rows_by_number_and_columns_by_name(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        profile = meter.profile(str(LOAD))
        assert [row[2] for row in (await profile.entries(2, 3)).rows] == [100.7, 101.4]
        assert len(await profile.entries(95)) == 2
        table = await profile.read(START, START + QUARTER, columns=["1.0.1.8.0.255", "clock"])
        assert table.names == ("1.0.1.8.0.255", "clock")
        assert table.column("1.0.1.8.0.255") == [100, 100.7]
        with pytest.raises(ConfigError, match="no column 'energy'; there are clock, "):
            await profile.read(columns=["energy"])


async def test_the_description_is_read_once(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    async with connect(small_meter.url, **secured) as meter:
        description = await meter.profile(LOAD).describe()
        assert description.capture_period == 900
        assert [column.scaler for column in description.columns] == [0, 0, -1]
        before = len(small_meter.requests)
        await meter.profile(LOAD).entries(1, 1)
        assert len(small_meter.requests) - before == 1


async def test_a_scaler_that_may_not_be_read(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    """Values come as they are then; the unit is not invented."""
    small_meter.tree.remove((3, ENERGY))
    async with connect(small_meter.url, **secured) as meter:
        table = await meter.profile(LOAD).entries(1, 1)
    assert table.rows[0][2] == 1000
    assert table.columns[2].unit == 255


@pytest.mark.parametrize("window", [0, 1, 16])
async def test_long_buffers_come_in_blocks(connect: Connect, secured: dict[str, Any], window: int) -> None:
    """Without a window in those of GET, else by general block transfer: fewer requests the larger the window is."""
    with SmallMeter().listening() as small_meter:
        async with connect(small_meter.url, **secured, pdu=512, block_window=window) as meter:
            table = await meter.profile(LOAD).read()
        assert len(table) == 96
        blocks = sum(apdu[0] == 0xE0 for _, apdu in small_meter.requests)
        assert blocks == {0: 0, 1: 5, 16: 2}[window]
        assert window or len(small_meter.requests) > 8


async def test_a_profile_without_time(connect: Connect, small_meter: SmallMeter, secured: dict[str, Any]) -> None:
    profile = small_meter.tree.get(7, LOAD)
    profile.store(3, Data.array([CaptureObject(3, ENERGY, 2).to_data()]))
    async with connect(small_meter.url, **secured) as meter:
        with pytest.raises(ConfigError, match="captures no time: read it by entries"):
            await meter.profile(LOAD).read(START)


async def test_what_cannot_be_done(connect: Connect, secured: dict[str, Any]) -> None:
    with SmallMeter(conformance=SUPPORTED & ~Conformance.SELECTIVE_ACCESS).listening() as small_meter:
        async with connect(small_meter.url, **secured) as meter:
            with pytest.raises(LocalProtocolError, match="not negotiated: selective-access"):
                await meter.profile(LOAD).read(START)
            with pytest.raises(ServiceError, match="object-undefined"):
                await meter.profile("1.0.99.2.0.255").read()
            assert len(await meter.profile(LOAD).read()) == 96
