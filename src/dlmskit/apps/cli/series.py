"""What of a profile is worth a picture: every column of measured numbers, totals as what was added from row to row.

Where the unit is an energy and the rows come in periods of less than a day, what was added is drawn as mean power.
The picture itself is made by `dlmskit.apps.cli.plot`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from rich.console import Group, RenderableType
from rich.text import Text

from dlmskit.apps.cli.plot import plot
from dlmskit.codec.profile import Column, ProfileTable
from dlmskit.cosem.catalog import describe
from dlmskit.errors import ConfigError, DecodeError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis
from dlmskit.types.unit import NO_UNIT, UNITS

_POWER_OF_ENERGY = {30: 27, 31: 28, 32: 29}
"""Wh, VAh, varh over time are W, VA, var."""
_DAY = 86400
_IN_THOUSANDS = frozenset((*_POWER_OF_ENERGY, *_POWER_OF_ENERGY.values()))
_STYLES = ("cyan", "green", "yellow", "magenta")

Points = list[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn of one column."""

    title: str
    unit: int
    points: Points


def pictures(table: ProfileTable, width: int) -> RenderableType:
    """One picture for every column of numbers with a unit, or of any numbers where no column has one.

    Raises ConfigError where there is nothing to draw.
    """
    series = list(series_of(table))
    if not series:
        raise ConfigError("nothing to draw: no column of numbers over time with at least two rows; try --format table")
    parts: list[RenderableType] = []
    for index, one in enumerate(series):
        factor, symbol = _in_thousands(one)
        times, values = zip(*one.points, strict=True)
        style = _STYLES[index % len(_STYLES)]
        picture = plot(times, [value * factor for value in values], unit=symbol, width=width, style=style)
        parts += [Text(one.title, style="bold"), picture, Text()]
    return Group(*parts[:-1])


def series_of(table: ProfileTable) -> Iterator[Series]:
    """The columns to draw, totals already turned into differences."""
    times = _times(table)
    numeric = [column for column in table.columns if len(_points(table, column, times)) >= 2]
    measured = [column for column in numeric if column.unit not in {0, NO_UNIT}]
    for column in measured or numeric:
        points = _points(table, column, times)
        yield (
            _differences(column, points, table.capture_period)
            if _is_total(points)
            else Series(_title(column), column.unit, points)
        )


def _differences(column: Column, points: Points, period: int) -> Series:
    steps = [(time, later - sooner) for (time, sooner), (_, later) in pairwise(points)]
    power = _POWER_OF_ENERGY.get(column.unit)
    if power is None or not 0 < period < _DAY:
        return Series(f"{_title(column)}: added from row to row", column.unit, steps)
    mean = [(time, step * 3600 / period) for time, step in steps]
    return Series(f"{_title(column)}: mean power of each {_said(period)}", power, mean)


def _is_total(points: Points) -> bool:
    """It never falls, and its level is far above what it gains from row to row."""
    values = [value for _, value in points]
    gain = values[-1] - values[0]
    falls = any(later < sooner for sooner, later in pairwise(values))
    return len(values) > 2 and not falls and gain > 0 and values[0] * 2 > gain / (len(values) - 1)


def _points(table: ProfileTable, column: Column, times: Sequence[datetime | None]) -> Points:
    """Rows that have both a time and a number; of a clock there are none."""
    if column.clock:
        return []
    rows = zip(times, table.column(column.name), strict=True)
    return [(time, float(value)) for time, value in rows if time is not None and _is_number(value)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _times(table: ProfileTable) -> list[datetime | None]:
    clock = next((column for column in table.columns if column.clock), None)
    return [None] * len(table) if clock is None else [_moment(value) for value in table.column(clock.name)]


def _moment(value: object) -> datetime | None:
    try:
        return value.to_datetime() if isinstance(value, CosemDateTime) else None
    except DecodeError:
        return None


def _title(column: Column) -> str:
    code = column.name.partition("/")[0].partition("#")[0].partition("[")[0]
    try:
        return f"{column.name}  {describe(Obis(code))}"
    except ConfigError:
        return column.name


def _said(seconds: int) -> str:
    return f"{seconds // 60} minutes" if seconds % 60 == 0 and seconds > 60 else f"{seconds} seconds"


def _in_thousands(series: Series) -> tuple[float, str]:
    """The factor and the unit as people say it: large powers and energies with a k."""
    unit = UNITS.get(series.unit)
    symbol = unit.sign if unit is not None else ""
    if series.unit in _IN_THOUSANDS and max(abs(value) for _, value in series.points) >= 10_000:
        return 0.001, f"k{symbol}"
    return 1.0, symbol
