"""What is odd about the rows of a profile: told beside them, so that good values are not replaced by doubtful ones.

A row is never left out or changed for it. Whether a clock that went back is a fault or a clock that was set is for the reader to
say; times are compared as moments where the meter tells its deviation from UTC, else as they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dlmskit.errors import DecodeError
from dlmskit.types.datetime import CosemDateTime

if TYPE_CHECKING:
    from dlmskit.codec.profile import Column


class RowDoubt(StrEnum):
    """Why a row is not to be taken without a second look."""

    NO_TIME = "no-time"
    """The column of time says none, or an impossible one."""
    TIME_GOES_BACK = "time-goes-back"
    """Earlier than the row before."""
    TIME_REPEATED = "time-repeated"
    """The moment of a row before, with other values."""
    ROW_REPEATED = "row-repeated"
    """The moment and the values of a row before."""
    OTHER_TYPE = "other-type"
    """A value that is no number stands in a column of numbers, or the other way round."""


def doubts_of(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> dict[int, tuple[RowDoubt, ...]]:
    """The doubts about rows, by their number counted from 0; a row without any is not in it."""
    found: dict[int, list[RowDoubt]] = {}
    clock = next((at for at, column in enumerate(columns) if column.clock), None)
    if clock is not None:
        _look_at_times([row[clock] for row in rows], rows, found)
    for at in range(len(columns)):
        if at != clock:
            _look_at_types([row[at] for row in rows], found)
    return {number: tuple(dict.fromkeys(doubts)) for number, doubts in sorted(found.items())}


def _look_at_times(times: Sequence[Any], rows: Sequence[tuple[Any, ...]], found: dict[int, list[RowDoubt]]) -> None:
    before: datetime | None = None
    seen: dict[datetime, int] = {}
    for number, time in enumerate(times):
        moment = _moment(time)
        if moment is None:
            found.setdefault(number, []).append(RowDoubt.NO_TIME)
            continue
        if moment in seen:
            same = rows[seen[moment]] == rows[number]
            found.setdefault(number, []).append(RowDoubt.ROW_REPEATED if same else RowDoubt.TIME_REPEATED)
        elif before is not None and moment < before:
            found.setdefault(number, []).append(RowDoubt.TIME_GOES_BACK)
        seen.setdefault(moment, number)
        before = moment


def _look_at_types(values: Sequence[Any], found: dict[int, list[RowDoubt]]) -> None:
    """The kind that most values of a column have is its kind."""
    kinds = [_kind(value) for value in values]
    known = [kind for kind in kinds if kind is not None]
    if len(set(known)) < 2:
        return
    usual = max(set(known), key=known.count)
    for number, kind in enumerate(kinds):
        if kind not in {None, usual}:
            found.setdefault(number, []).append(RowDoubt.OTHER_TYPE)


def _kind(value: Any) -> str | None:
    """Numbers of all widths are one kind; no value has none."""
    if value is None:
        return None
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _moment(time: Any) -> datetime | None:
    if not isinstance(time, CosemDateTime):
        return None
    try:
        moment = time.to_datetime()
    except (DecodeError, OverflowError):
        return None
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=None) - offset
