"""The plot of a profile: heights, axes and widths, read back from the text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dlmskit.apps.cli.plot import plot

START = datetime(2024, 5, 1, tzinfo=UTC)


def times(count: int, minutes: int = 15) -> list[datetime]:
    return [START + timedelta(minutes=minutes * at) for at in range(count)]


def lines(count: int, values: list[float], **words: Any) -> list[str]:
    return plot(times(count), values, unit="W", **words).plain.splitlines()


def test_a_ramp_is_a_ramp() -> None:
    picture = lines(8, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], height=1, width=40)
    assert picture[0] == "      8 W┤ ▁▂▃▄▅▆▇"
    assert picture[1] == "        0└────────"


@pytest.mark.parametrize(("width", "columns"), [(200, 96), (108, 96), (80, 48), (40, 24), (10, 8)])
def test_neighbours_are_averaged_where_they_do_not_fit(width: int, columns: int) -> None:
    picture = lines(96, [float(at) for at in range(96)], width=width)
    assert picture[-2].count("─") == columns
    assert max(map(len, picture)) <= max(width, 24) + 6


def test_hours_stand_under_their_columns() -> None:
    picture = lines(96, [1.0] * 96, width=120)
    axis = picture[-1]
    for hour in (0, 6, 12, 18):
        assert axis.index(f"{hour:02}:00") == 10 + hour * 4


@pytest.mark.parametrize("values", [[0.0] * 10, [5.0] * 10, [-3.0, 4.0], [1e-9, 2e-9], [1e12, 1.0], [230.0, 231.0, 229.5], [7.0]])
def test_any_numbers_can_be_plotted(values: list[float]) -> None:
    picture = lines(len(values), values, height=6)
    assert len(picture) == 8


def test_voltages_are_not_a_wall_of_blocks() -> None:
    picture = lines(3, [229.0, 231.0, 230.0], height=4)
    assert picture[-2].startswith("      229└")


def test_nothing() -> None:
    assert plot([], [], unit="W").plain == "nothing to plot"
