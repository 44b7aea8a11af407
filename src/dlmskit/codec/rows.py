"""Profile buffers (class 7, attribute 2): array or compact-array of structures, to and from rows of plain values.

`decode_rows` gives each row exactly as the general decoder does, null-data and deltas as they were sent; what they
stand for is found by `dlmskit.codec.expand`, names and units by `dlmskit.codec.profile`.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from operator import itemgetter
from typing import Any, NamedTuple

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import BY_NAME, DATA_TYPES, Tag
from dlmskit.codec.encode import encode_simple
from dlmskit.codec.reader import write_length
from dlmskit.codec.skip import check_whole
from dlmskit.codec.speculate import decode_array
from dlmskit.codec.values import decode_value
from dlmskit.errors import DecodeError, EncodeError
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


def encode_rows(rows: Iterable[Sequence[Any]], kinds: Sequence[str | int]) -> bytes:
    """Rows as a buffer: an array of structures, one column for each of ``kinds`` (names of the standard, or tags).

    None is written as null-data and `Data` as they are, whatever the column says; so are compressed rows made. Rows of
    plain numbers and octets go through one `struct` call each. Raises `EncodeError` with row and column.
    """
    tags = tuple(_simple_tag(kind) for kind in kinds)
    rows = rows if isinstance(rows, list) else list(rows)
    body = _encode_plain(rows, tags) if rows else b""
    if body is None:
        body = b"".join([_encode_row(index, row, tags) for index, row in enumerate(rows)])
    return b"\x01" + write_length(len(rows)) + body


def _simple_tag(kind: str | int) -> int:
    found = BY_NAME.get(kind) if isinstance(kind, str) else DATA_TYPES.get(kind)
    if found is None or found.tag in {Tag.ARRAY, Tag.STRUCTURE, Tag.COMPACT_ARRAY}:
        raise EncodeError(f"{kind!r} is no simple data type; give such columns as Data")
    return found.tag


def _encode_row(index: int, row: Sequence[Any], tags: Sequence[int]) -> bytes:
    if len(row) != len(tags):
        raise EncodeError(f"row {index}: {len(row)} values for {len(tags)} columns")
    parts = [b"\x02", write_length(len(tags))]
    for column, (tag, value) in enumerate(zip(tags, row, strict=True)):
        if value is None:
            parts.append(b"\x00")
        elif isinstance(value, Data):
            parts.append(value.octets)
        else:
            try:
                parts += (bytes((tag,)), encode_simple(tag, value))
            except EncodeError as error:
                raise EncodeError(f"row {index}, column {column}: {error}") from None
    return b"".join(parts)


# --- Rows of plain numbers and octets: one call of `struct` per row ----------------------------------------------------

_NUMBERS = {tag: kind.letter for tag, kind in DATA_TYPES.items() if kind.letter and "s" not in kind.letter and tag != Tag.BOOLEAN}


def _encode_plain(rows: list[Sequence[Any]], tags: tuple[int, ...]) -> bytes | bytearray | None:
    """The rows, or None where one of them needs the general way: other types, other lengths, numbers out of range."""
    sizes: list[int] = []
    for column, tag in enumerate(tags):
        if tag == Tag.OCTET_STRING:
            try:
                lengths = {len(row[column]) for row in rows}
            except (TypeError, IndexError):
                return None
            if len(lengths) != 1:
                return None
            sizes.append(lengths.pop())
        elif tag not in _NUMBERS:
            return None
    layout = _packing(tags, tuple(sizes))
    try:
        packed = bytearray(b"".join(starmap(layout.pack, rows)))
    except (struct.error, OverflowError, TypeError):
        return None
    if any(_holds_bool(rows, packed, layout.size, number) for number in layout.numbers):
        return None
    # The tags, counts and lengths of all rows, one strided slice for each octet of a row.
    for offset, octet in layout.fixed:
        packed[offset :: layout.size] = octet * len(rows)
    return packed


class _Number(NamedTuple):
    column: int
    start: int
    size: int
    """Octets of an integer, most significant first; 0 for a float, whose octets do not tell."""


class _Packing(NamedTuple):
    pack: Callable[..., bytes]
    size: int
    fixed: tuple[tuple[int, bytes], ...]
    numbers: tuple[_Number, ...]


def _holds_bool(rows: list[Sequence[Any]], packed: bytearray, row_size: int, number: _Number) -> bool:
    """Whether a bool was given for a number. It was packed as 0 or 1, so only rows with that many zeros are looked at."""
    column, start, size = number
    if size <= 1:
        octets = packed[start::row_size]
        return (not size or 0 in octets or 1 in octets) and bool in map(type, map(itemgetter(column), rows))
    zeros, offset = min((packed[start + index :: row_size].count(0), start + index) for index in range(size - 1))
    if not zeros:
        return False
    octets = packed[offset::row_size]
    at = octets.find(0)
    while at >= 0:
        if type(rows[at][column]) is bool:
            return True
        at = octets.find(0, at + 1)
    return False


@functools.lru_cache(maxsize=256)
def _packing(tags: tuple[int, ...], sizes: tuple[int, ...]) -> _Packing:
    """How a row of these types, octet-strings of these sizes, is packed, and which octets are the same in every row."""
    head = b"\x02" + write_length(len(tags))
    letters, lengths, offset = "", iter(sizes), 0
    fixed: list[tuple[int, bytes]] = []
    numbers: list[_Number] = []
    for column, tag in enumerate(tags):
        head += bytes((tag,))
        letter = _NUMBERS.get(tag)
        if letter is None:
            length = next(lengths)
            head += write_length(length)
            letter = f"{length}s"
        fixed += [(offset + index, head[index : index + 1]) for index in range(len(head))]
        letters += f"{len(head)}x{letter}"
        offset = struct.calcsize(">" + letters)
        if tag in _NUMBERS:
            size = struct.calcsize(">" + letter)
            numbers.append(_Number(column, offset - size, 0 if letter in "fd" else size))
        head = b""
    layout = struct.Struct(">" + letters)
    return _Packing(layout.pack, layout.size, tuple(fixed), tuple(numbers))
