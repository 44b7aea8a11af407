"""A profile buffer as a table: named columns, values in place, scaler applied, times as CosemDateTime.

What the columns are is told by the caller, who has read capture_objects and scaler_unit; this module knows no object
model. The raw rows stay at hand. Frames need the extra ``dlmskit[export]``; text goes to any stream.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TextIO

from dlmskit.codec.data import Data
from dlmskit.codec.doubts import RowDoubt, doubts_of
from dlmskit.codec.expand import reconstruct
from dlmskit.codec.rows import decode_rows
from dlmskit.errors import ConfigError, DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis
from dlmskit.types.unit import scaled, symbol_of

if TYPE_CHECKING:
    import polars as pl

_CLOCK_CLASS, _CLOCK_TIME = 8, 2


@dataclass(frozen=True, slots=True)
class CaptureObject:
    """What a column captures: an element of the capture_objects of the profile."""

    class_id: int
    logical_name: Obis
    attribute_index: int
    data_index: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a profile."""

    name: str
    scaler: int = 0
    """Values are raw * 10**scaler."""
    unit: int = 255
    """The unit's number on the wire; 255 is no unit."""
    clock: bool = False
    """Whether it holds the time of capture, as octet-string or date-time."""

    @classmethod
    def of(cls, captured: CaptureObject, scaler: int = 0, unit: int = 255) -> Self:
        """The column of a capture object, named after it: ``clock``, ``1.0.1.8.0.255``, ``1.0.1.6.0.255/5`` for attribute 5."""
        clock = (captured.class_id, captured.attribute_index) == (_CLOCK_CLASS, _CLOCK_TIME)
        name = "clock" if clock else str(captured.logical_name)
        if not clock and captured.attribute_index != 2:
            name += f"/{captured.attribute_index}"
        if captured.data_index:
            name += f"[{captured.data_index}]"
        return cls(name, scaler, unit, clock)

    @property
    def heading(self) -> str:
        """The name, with the symbol of the unit where there is one."""
        symbol = symbol_of(self.unit)
        return f"{self.name} [{symbol}]" if symbol else self.name


class ProfileTable:
    """Rows of a profile buffer with what their columns mean. Iterating gives one mapping of names to values per row."""

    def __init__(self, raw: Sequence[tuple[Any, ...]], columns: Iterable[Column], capture_period: int = 0) -> None:
        """Rows as `decode_rows` gives them. Raises `DecodeError` where a row has another number of columns."""
        self.raw = raw
        """The rows as they were sent: null-data is None, deltas are `Delta`."""
        self.columns = with_unique_names(columns)
        self.capture_period = capture_period
        """Seconds between two rows, 0 where they are not periodic."""
        for index, row in enumerate(raw):
            if len(row) != len(self.columns):
                raise DecodeError(f"{len(row)} values for {len(self.columns)} columns", path=f"data[{index}]")

    @classmethod
    def decode(cls, buffer: bytes | Data, columns: Iterable[Column], capture_period: int = 0, limits: Limits = DEFAULT) -> Self:
        """The table of a buffer attribute. Raises `DecodeError`."""
        return cls(decode_rows(buffer, limits), columns, capture_period)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; a repeated one carries its number."""
        return tuple(column.name for column in self.columns)

    @functools.cached_property
    def rows(self) -> list[tuple[Any, ...]]:
        """Typed rows: nothing compressed, numbers scaled, times CosemDateTime. Raises `DecodeError` (see `reconstruct`)."""
        return list(zip(*self._typed, strict=True))

    @functools.cached_property
    def _typed(self) -> list[list[Any]]:
        clocks = [index for index, column in enumerate(self.columns) if column.clock]
        whole = reconstruct(self.raw, clocks, self.capture_period)
        values: Iterable[Sequence[Any]] = zip(*whole, strict=True) if whole else [() for _ in self.columns]
        return [_typed_values(column, raw) for column, raw in zip(self.columns, values, strict=True)]

    @functools.cached_property
    def doubts(self) -> dict[int, tuple[RowDoubt, ...]]:
        """What is odd about rows, by their number counted from 0: times that go back or repeat, values of another type."""
        return doubts_of(self.columns, self.rows)

    def column(self, name: str) -> list[Any]:
        """The typed values of one column. Raises `ConfigError` where there is none of that name."""
        if name not in self.names:
            raise ConfigError(f"no column {name!r}; there are {', '.join(self.names)}")
        return self._typed[self.names.index(name)]

    def __len__(self) -> int:
        return len(self.raw)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = self.names
        return (dict(zip(names, row, strict=True)) for row in self.rows)

    def __repr__(self) -> str:
        return f"ProfileTable({len(self)} rows of {', '.join(self.names)})"

    def to_csv(self, stream: TextIO | None = None) -> str:
        """Rows as comma-separated text under headings with units: times in ISO 8601, octets in hex, no value as nothing.

        Written to ``stream`` where one is given, which takes lines ending in CR LF (open it with ``newline=""``); else returned.
        """
        target = stream or io.StringIO()
        writer = csv.writer(target)
        writer.writerow(column.heading for column in self.columns)
        writer.writerows([as_text(value) for value in row] for row in self.rows)
        return "" if stream else target.getvalue()  # type: ignore[attr-defined]

    def to_jsonl(self, stream: TextIO | None = None) -> str:
        """One JSON object per row and line, by column names. Written to ``stream`` where one is given, else returned."""
        target = stream or io.StringIO()
        for row in self:
            target.write(json.dumps(_json(row), ensure_ascii=False) + "\n")
        return "" if stream else target.getvalue()  # type: ignore[attr-defined]

    def to_polars(self) -> pl.DataFrame:
        """A data frame, its types told by `dlmskit.codec.frames`. Raises `ConfigError` where polars is not installed."""
        from dlmskit.codec.frames import frame_of

        return frame_of(self.columns, self._typed)


def with_unique_names(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Columns whose names are used before carry their number: ``a``, ``a#2``."""
    seen: dict[str, int] = {}
    unique = []
    for column in columns:
        times = seen[column.name] = seen.get(column.name, 0) + 1
        name = column.name if times == 1 else f"{column.name}#{times}"
        unique.append(Column(name, column.scaler, column.unit, column.clock))
    return tuple(unique)


def _typed_values(column: Column, raw: Sequence[Any]) -> list[Any]:
    if column.clock:
        return [CosemDateTime(value) if type(value) is bytes and len(value) == 12 else value for value in raw]
    if column.scaler:
        scaler = column.scaler
        return [scaled(value, scaler) if type(value) is int or type(value) is float else value for value in raw]
    return list(raw)


def as_text(value: Any) -> Any:
    """A value as text takes it; numbers, text and None stay what they are."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, CosemDateTime):
        try:
            return value.isoformat()
        except DecodeError:
            return str(value)
    return str(value)


def _json(value: Any) -> Any:
    """A value as JSON takes it: what JSON has no form for, NaN and infinities among it, is text."""
    if isinstance(value, dict):
        return {name: _json(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(_json, value))
    return str(value) if isinstance(value, float) and not math.isfinite(value) else as_text(value)
