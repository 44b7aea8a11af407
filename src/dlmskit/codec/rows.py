"""Profile buffers (class 7, attribute 2): array or compact-array of structures, to and from rows of plain values.

`decode_rows` gives each row exactly as the general decoder does, null-data and deltas as they were sent; what they
stand for is found by `dlmskit.codec.expand`, names and units by `dlmskit.codec.profile`.
"""

from __future__ import annotations

from typing import Any

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import DATA_TYPES, Tag
from dlmskit.codec.skip import check_whole
from dlmskit.codec.speculate import decode_array
from dlmskit.codec.values import decode_value
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits


def decode_rows(buffer: bytes | Data, limits: Limits = DEFAULT) -> list[tuple[Any, ...]]:
    """The rows of a whole buffer. Raises `DecodeError` for what `Data.decode` refuses and for elements that are no structures."""
    octets = buffer.octets if isinstance(buffer, Data) else bytes(buffer)
    if octets[:1] == b"\x01":
        rows, structures = decode_array(octets, limits)
    else:
        check_whole(octets, limits)
        if octets[0] != Tag.COMPACT_ARRAY:
            raise DecodeError(f"a profile buffer is an array or compact-array, this is {DATA_TYPES[octets[0]].name}", path="data")
        rows = decode_value(octets, 0, limits)[0]
        structures = not rows or type(rows[0]) is tuple
    if not structures:
        index = next(index for index, row in enumerate(rows) if type(row) is not tuple)
        raise DecodeError("a row of a profile buffer is a structure", path=f"data[{index}]")
    return rows
