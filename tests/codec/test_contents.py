"""Contents of compact-arrays: runs of elements, their count, and where a run ends."""

from __future__ import annotations

import pytest

from dlmskit.codec.compact import TypeDescription
from dlmskit.codec.contents import WORTH_LEARNING, skip_compact_array, tagged_elements
from dlmskit.codec.data import Data
from dlmskit.errors import DecodeError

STRING, UNSIGNED = TypeDescription.simple("octet-string"), TypeDescription.simple("unsigned")
PAIR = TypeDescription.structure(STRING, UNSIGNED)


@pytest.mark.parametrize("sizes", [[3] * 500, [3] * 200 + [4] + [3] * 200, list(range(60)) * 3, [0] * 500])
def test_counts_elements_of_any_lengths(sizes):
    rows = [(bytes(size), size) for size in sizes]
    item = Data.compact_array(PAIR, rows)
    assert skip_compact_array(item.octets, 1, 8) == (len(item.octets), 3 * len(rows))
    assert item.value == rows
    assert len(list(tagged_elements(item.octets, 1))) == len(rows)


def by_hand(contents):
    """The pairs of string and octet one behind the other; None where they do not end with the contents."""
    rows, at = [], 0
    while at < len(contents):
        behind = at + 1 + contents[at]
        if behind >= len(contents):
            return None
        rows.append((bytes(contents[at + 1 : behind]), contents[behind]))
        at = behind + 1
    return rows


@pytest.mark.parametrize("at", [0, 7, 250, 499])
@pytest.mark.parametrize("length", [0, 2, 4, 5, 9, 98])
def test_another_length_in_a_long_run(at, length):
    octets = bytearray(Data.compact_array(PAIR, [(b"abc", 9)] * 500).octets)
    start = len(octets) - 2500
    assert WORTH_LEARNING < 2500
    octets[start + 5 * at] = length
    expected = by_hand(octets[start:])
    if expected is None:
        with pytest.raises(DecodeError, match="compact-array"):
            Data.decode(bytes(octets))
    else:
        assert Data.decode(bytes(octets)).value == expected
