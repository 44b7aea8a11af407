"""Profiles as data frames of polars (extra ``dlmskit[export]``).

Types follow from the column, not from the luck of its values: times are UTC where every one tells its deviation, else
local; a scaler below 0 makes Float64, other integers are Int64 (UInt64 where they need it); mixed values become text.
Long regular buffers go straight from octets to columns; the frame is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any

from dlmskit.codec.columns import decode_columns, moments
from dlmskit.codec.data import Data
from dlmskit.codec.profile import Column, ProfileTable, as_text, with_unique_names
from dlmskit.errors import ConfigError, DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.datetime import CosemDateTime

if TYPE_CHECKING:
    import datetime as dt

    import numpy as np
    import polars as pl

_WORTH_COLUMNS = 16_384
"""Octets of a buffer from which on numpy pays: some 300 rows."""
_EXACT = 1 << 53
_INT64 = (1 << 63) - 1


def profile_frame(
    buffer: bytes | Data, columns: Iterable[Column], capture_period: int = 0, limits: Limits = DEFAULT
) -> pl.DataFrame:
    """The frame of a buffer attribute: what ``ProfileTable.decode(...).to_polars()`` gives, faster where rows are regular.

    Raises `DecodeError` for the buffer and `ConfigError` where polars or numpy are not installed.
    """
    _require_polars()
    import polars as pl

    columns = with_unique_names(columns)
    octets = buffer.octets if isinstance(buffer, Data) else bytes(buffer)
    arrays = decode_columns(octets, limits) if len(octets) >= _WORTH_COLUMNS else None
    if arrays is not None and len(arrays) == len(columns):
        series = [_series_of_array(column, array) for column, array in zip(columns, arrays, strict=True)]
        if all(one is not None for one in series):
            return pl.DataFrame(series)
    return ProfileTable.decode(octets, columns, capture_period, limits).to_polars()


def frame_of(columns: Sequence[Column], values: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """A frame of typed columns. Raises `ConfigError` where polars is not installed."""
    _require_polars()
    import polars as pl

    return pl.DataFrame([_series(column, list(one)) for column, one in zip(columns, values, strict=True)])


def _series(column: Column, values: list[Any]) -> pl.Series:
    import polars as pl

    kinds = {type(value) for value in values} - {NoneType}
    if kinds == {CosemDateTime} or (column.clock and not kinds):
        return _moments(column.name, values)
    if kinds and (kinds <= {bool} or kinds <= {str} or kinds <= {bytes}):
        return pl.Series(column.name, values)
    if kinds <= {int} and column.scaler >= 0:
        large = any(value is not None and value > _INT64 for value in values)
        if not any(value is not None and not -_INT64 <= value <= 2 * _INT64 + 1 for value in values):
            return pl.Series(column.name, values, dtype=pl.UInt64 if large else pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(column.name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    return pl.Series(column.name, [None if value is None else str(as_text(value)) for value in values], dtype=pl.String)


def _moments(name: str, values: list[CosemDateTime | None]) -> pl.Series:
    import polars as pl

    times: list[dt.datetime | None] = []
    for value in values:
        try:
            times.append(None if value is None else value.to_datetime())
        except DecodeError:
            times.append(None)
    aware = all(time is None or time.tzinfo is not None for time in times)
    if not aware:
        times = [None if time is None else time.replace(tzinfo=None) for time in times]
    return pl.Series(name, times, dtype=pl.Datetime("ms", "UTC" if aware else None))


def _series_of_array(column: Column, array: np.ndarray[Any, Any]) -> pl.Series | None:
    """The same series from an array; None where an array cannot hold it exactly."""
    import polars as pl

    if array.ndim == 2 and column.clock and array.shape[1] == 12:
        times, aware = moments(array)
        return pl.Series(column.name, times, dtype=pl.Datetime("ms")).dt.replace_time_zone("UTC" if aware else None)
    if array.ndim == 2:
        return pl.Series(column.name, array.view(f"V{array.shape[1]}").ravel().tolist(), dtype=pl.Binary)
    if column.clock or (array.dtype.kind == "f" and column.scaler):
        return None
    if array.dtype.kind == "f":
        return pl.Series(column.name, array.astype("f8"))
    least, most = int(array.min()), int(array.max())
    if column.scaler < 0:
        if max(-least, most) > _EXACT or column.scaler < -15:
            return None
        return pl.Series(column.name, array / 10.0**-column.scaler)
    power = 10**column.scaler
    if max(-least, most) * power > _INT64:
        return None
    return pl.Series(column.name, array.astype("i8") * power)


def _require_polars() -> None:
    try:
        import polars as pl  # noqa: F401
    except ImportError as error:
        raise ConfigError("data frames need polars: pip install 'dlmskit[export]'") from error
