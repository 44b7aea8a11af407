"""Columns of a profile buffer as numpy arrays, straight from the octets: for analysis of long regular buffers.

Only a buffer whose rows all have one layout of plain numbers and octets can be looked at this way; everything else is
for `dlmskit.codec.rows`. Needs numpy (extra ``dlmskit[export]``), which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlmskit.codec.data import Data
from dlmskit.codec.layouts import LayoutFinder
from dlmskit.codec.reader import read_length
from dlmskit.codec.skip import DEEPEST, check_whole
from dlmskit.errors import ConfigError, DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.types.datetime import CosemDateTime

if TYPE_CHECKING:
    import numpy as np

_FORMATS = {"B": "u1", "b": "i1", "H": ">u2", "h": ">i2", "I": ">u4", "i": ">i4", "Q": ">u8", "q": ">i8", "f": ">f4", "d": ">f8"}
_NO_DEVIATION, _MOST_DEVIATION = -0x8000, 840


def decode_columns(buffer: bytes | Data, limits: Limits = DEFAULT) -> list[np.ndarray[Any, Any]] | None:
    """One array per column: numbers in their own width, octet-strings as rows of octets; None where rows are not regular.

    Raises `DecodeError` as `decode_rows` does, `ConfigError` where numpy is not installed.
    """
    np = _numpy()
    octets = buffer.octets if isinstance(buffer, Data) else bytes(buffer)
    check_whole(octets, limits)
    if octets[0] != 1 or limits.profile_layouts < 1:
        return None
    count, at = read_length(octets, 1)
    finder = LayoutFinder(octets, at, min(limits.data_depth, DEEPEST), limits.profile_layouts)
    layout, found = finder.find(at, count, 0) if count else (None, 0)
    finder.finish(count)
    if layout is None or found < count or not (layout.plain and layout.structure):
        return None
    names: list[str] = []
    formats: list[Any] = []
    offsets: list[int] = []
    offset = 0
    for (fixed, free), letter in zip(layout.tokens, layout.letters, strict=True):
        offset += len(fixed)
        if free:
            names.append(f"f{len(names)}")
            offsets.append(offset)
            formats.append(_FORMATS.get(letter) or ("u1", (free,)))
        offset += free
    dtype = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": layout.size})
    rows = np.frombuffer(octets, dtype, count, at)
    return [np.ascontiguousarray(rows[name], rows[name].dtype.newbyteorder("=")) for name in names]


def moments(octets: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], bool]:
    """Date-times, one per row of twelve octets, in milliseconds; what is no moment is NaT.

    UTC (and True) where every moment tells its deviation, else local time (and False).
    """
    np = _numpy()
    parts = octets.astype(np.int64)
    year, month, day = parts[:, 0] << 8 | parts[:, 1], parts[:, 2], parts[:, 3]
    hour, minute, second, hundredths = (parts[:, index] for index in range(5, 9))
    deviation = (((parts[:, 9] << 8 | parts[:, 10]) ^ 0x8000) - 0x8000).astype(np.int64)
    plain = (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)
    plain &= (hour <= 23) & (minute <= 59) & (second <= 59) & (hundredths <= 99)
    plain &= (deviation == _NO_DEVIATION) | (np.abs(deviation) <= _MOST_DEVIATION)
    first = np.where(plain, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (day - 1)
    plain &= date < (first + 1).astype("datetime64[D]")
    seconds = (hour * 60 + minute) * 60 + second
    local = date.astype("datetime64[ms]") + (seconds * 1000 + hundredths * 10).astype("timedelta64[ms]")
    local[~plain] = "NaT"
    for index in np.flatnonzero(~plain):
        local[index] = _odd_moment(octets[index].tobytes())
    told = deviation != _NO_DEVIATION
    aware = bool(told[~np.isnat(local)].all())
    return (local + (deviation * 60_000).astype("timedelta64[ms]") if aware else local), aware


def _odd_moment(octets: bytes) -> Any:
    """The local time of a date-time with parts out of the ordinary, as 24:00 or the last day of a month."""
    try:
        return CosemDateTime(octets).to_datetime().replace(tzinfo=None)
    except DecodeError:
        return "NaT"


def _numpy() -> Any:
    try:
        import numpy as np
    except ImportError as error:
        raise ConfigError("columns need numpy: pip install 'dlmskit[export]'") from error
    return np
