"""What compressed profile rows stand for (Blue Book, profile generic): null-data and delta values.

null-data means the value of the row before, for a clock column the time of the row before plus the capture period. A
delta is added to the value reconstructed in the row before. In the first row null-data stays what it is: no value.
"""

from __future__ import annotations

import datetime as dt
import itertools
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from types import NoneType
from typing import Any

from dlmskit.codec.plain import Delta
from dlmskit.errors import DecodeError
from dlmskit.types.datetime import CosemDateTime

_COMPRESSED = {NoneType, Delta}
_moment = struct.Struct(">HBBBBBB").pack


def reconstruct(rows: Sequence[tuple[Any, ...]], clocks: Collection[int] = (), capture_period: int = 0) -> list[tuple[Any, ...]]:
    """Rows with every value in place; ``rows`` as `decode_rows` gives them are left as they are.

    Args:
        rows: raw rows, all of the same number of columns.
        clocks: indexes of the columns that hold the time of capture, as 12 octets, CosemDateTime or seconds.
        capture_period: seconds between two rows; 0 where rows are not periodic, then a time is repeated.

    Raises:
        DecodeError: rows of different lengths, a delta with no number before it, a time that cannot be continued.
    """
    if not rows or not _COMPRESSED.intersection(map(type, itertools.chain.from_iterable(rows))):
        return list(rows)
    width = len(rows[0])
    for index, row in enumerate(rows):
        if len(row) != width:
            raise DecodeError(f"{len(row)} columns, the first row has {width}", path=f"data[{index}]")
    columns: list[Iterable[Any]] = []
    for index, column in enumerate(zip(*rows, strict=True)):
        if not _COMPRESSED.intersection(map(type, column)):
            columns.append(column)
        else:
            columns.append(_continue(column, index, capture_period if index in clocks else 0))
    return list(zip(*columns, strict=True))


def _continue(column: Iterable[Any], index: int, step: int) -> list[Any]:
    """The values of a column; ``step`` is the seconds that null-data stands for, 0 in a column that is no clock."""
    values: list[Any] = []
    last: Any = None
    times: Iterator[Any] | None = None
    try:
        for value in column:
            if type(value) is Delta:
                if type(last) is not int:
                    raise DecodeError("a delta with no integer before it")
                last, times = last + value, None
            elif value is not None:
                last, times = value, None
            elif step and last is not None:
                times = times or times_after(last, step)
                last = next(times)
            values.append(last)
    except DecodeError as error:
        raise DecodeError(error.reason, path=f"data[{len(values)}][{index}]") from None
    return values


def times_after(moment: bytes | CosemDateTime | int, seconds: int) -> Iterator[bytes | CosemDateTime | int]:
    """The times that follow at this distance, without end, in the form that the first one has; an int counts seconds.

    Deviation and status are kept: the moment is right across a change of daylight saving time, whose wall clock only a
    full time in the buffer can tell. Raises `DecodeError` where date or time are not specified.
    """
    if type(moment) is int:
        yield from itertools.count(moment + seconds, seconds)
    octets = moment if isinstance(moment, bytes) else getattr(moment, "octets", b"")
    if len(octets) != 12:
        raise DecodeError("null-data follows a value that is no time")
    wall = CosemDateTime(octets[:9] + b"\x80\x00\xff").to_datetime()
    tail, step = octets[8:], dt.timedelta(seconds=seconds)
    no_weekday, no_second = octets[4] == 0xFF, octets[7] == 0xFF
    while True:
        try:
            wall += step
        except OverflowError:
            raise DecodeError("the time is past the last year of the calendar") from None
        weekday = 0xFF if no_weekday else wall.isoweekday()
        second = 0xFF if no_second and not wall.second else wall.second
        written = _moment(wall.year, wall.month, wall.day, weekday, wall.hour, wall.minute, second) + tail
        yield written if isinstance(moment, bytes) else CosemDateTime(written)
