"""A row of numbers over time as columns of blocks, for any terminal: no colours needed, no tty either."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil, floor, log10

from rich.text import Text

_BLOCKS = " ▁▂▃▄▅▆▇█"
_AXIS_WIDTH = 9


def plot(
    times: Sequence[datetime], values: Sequence[float], *, unit: str, width: int = 80, height: int = 8, style: str = "cyan"
) -> Text:
    """``values`` as columns over the axis of ``times``, which are equally spaced; neighbours are averaged where they do not fit.

    The axis begins at 0, or at the lowest value where that is far above 0; ``unit`` stands at its top.
    """
    if not values:
        return Text("nothing to plot")
    room = max(width - _AXIS_WIDTH - 1, 8)
    group = ceil(len(values) / room)
    columns = [sum(part) / len(part) for at in range(0, len(values), group) if (part := values[at : at + group])]
    bottom, top = _range(min(columns), max(columns))
    heights = [round((value - bottom) / (top - bottom) * height * 8) for value in columns]
    text = Text(no_wrap=True)
    for row in range(height - 1, -1, -1):
        label = _number(bottom + (top - bottom) * (row + 1) / height) if row % 2 else ""
        if row == height - 1:
            label = f"{_number(top)} {unit}"
        text.append(f"{label:>{_AXIS_WIDTH}}", "dim").append("┤" if label else "│", "dim")
        cells = "".join(_BLOCKS[min(max(full - row * 8, 0), 8)] for full in heights)
        text.append(cells.rstrip() + "\n", style)
    text.append(f"{_number(bottom):>{_AXIS_WIDTH}}└{'─' * len(columns)}\n", "dim")
    text.append(_time_axis(times[::group]), "dim")
    return text


def _range(lowest: float, highest: float) -> tuple[float, float]:
    """Round ends: from 0 unless everything lies in the upper half."""
    if lowest < 0 or lowest > highest / 2 > 0:
        step = _step((highest - lowest) or abs(highest) or 1)
        low = floor(lowest / step) * step
        return low, max(ceil(highest / step) * step, low + step)
    step = _step(highest or 1)
    return 0.0, ceil((highest or 1) / step) * step


def _step(span: float) -> float:
    """A step of 1, 2 or 5 times a power of ten, some five of which make the span."""
    exact = span / 5
    power = 10.0 ** floor(log10(exact))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= exact * 0.999)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


def _time_axis(times: Sequence[datetime]) -> str:
    """Times under the columns, as many as fit: hours within a day or two, dates beyond."""
    days = (times[-1] - times[0]).total_seconds() / 86400 if len(times) > 1 else 0
    form = "%H:%M" if days <= 2 else "%d %b"
    line = [" "] * (_AXIS_WIDTH + 1 + len(times) + 6)
    written = -1
    for at, time in enumerate(times):
        if days > 2:
            marks = at == 0 or time.date() != times[at - 1].date()
        else:
            marks = time.minute == 0 and time.hour % 6 == 0 if days > 0.3 else at % 8 == 0
        start = _AXIS_WIDTH + 1 + at
        if marks and start > written:
            label = time.strftime(form)
            line[start : start + len(label)] = label
            written = start + len(label) + (days > 2)
    return "".join(line).rstrip()
