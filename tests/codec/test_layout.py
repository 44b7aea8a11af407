"""The layout of one row: what is fixed in it, and how far it reaches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.layout import MOST_FIELDS, MOST_OCTETS, learn
from dlmskit.codec.values import decode_value
from tests.codec import strategies

ROW = Data.structure([Data.octet_string(b"ab"), Data.null(), Data.long(-5), Data.array([Data.boolean(True)]), Data.dont_care()])


def holds_compact_array(item):
    return item.tag == Tag.COMPACT_ARRAY or (
        item.tag in {Tag.ARRAY, Tag.STRUCTURE} and any(map(holds_compact_array, item.elements()))
    )


def test_fixed_octets_are_tags_counts_and_lengths():
    layout = learn(ROW.octets, 0, 8)
    assert layout is not None
    assert layout.size == len(ROW.octets)
    fixed = dict(layout.fixed)
    assert [fixed.get(at, b"\xee").hex() for at in range(layout.size)] == "02 05 09 02 ee ee 00 10 ee ee 01 01 03 ee ff".split()  # noqa: SIM905 -- reads as octets
    assert (layout.elements, layout.depth, layout.structure) == (6, 2, True)


@given(strategies.data, st.integers(1, 200), st.binary(max_size=5))
def test_a_run_has_the_values_of_the_general_decoder(item, times, rest):
    layout = learn(item.octets, 0, 100)
    if layout is None:
        assert holds_compact_array(item) or len(item.octets) > 64
        return
    octets = b"\xee" + item.octets * times + rest
    found = layout.run(octets, 1, times)
    assert found == times
    assert repr(layout.make(octets, 1, found)) == repr([decode_value(item.octets)[0]] * times)


@given(st.lists(st.sampled_from((0, 1)), min_size=1, max_size=200), st.integers(0, 250))
def test_a_run_ends_with_the_first_other_row(kinds, most):
    rows = (Data.structure([Data.unsigned(7)]).octets, Data.structure([Data.integer(7)]).octets)
    octets = b"".join(rows[kind] for kind in kinds)
    expected = next((index for index, kind in enumerate(kinds) if kind), len(kinds))
    layout = learn(rows[0], 0, 8)
    assert layout is not None
    assert layout.run(octets, 0, most) == min(expected, most)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x07\x00",
        ROW.octets[:-3],
        b"\x13\x11\x00",
        Data.octet_string(bytes(MOST_OCTETS)).octets,
        Data.structure([Data.null()] * (MOST_FIELDS + 1)).octets,
        b"\x02\x01" * 20 + b"\x00",
    ],
)
def test_what_is_not_learnt(octets):
    assert learn(octets, 0, 10) is None
