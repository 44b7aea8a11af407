"""Limits hold for layouts that are known as for those that are not; a jumble of layouts is still decoded by them."""

from __future__ import annotations

import random

import pytest

from dlmskit.codec import speculate
from dlmskit.codec.data import Data
from dlmskit.codec.rows import decode_rows
from dlmskit.codec.speculate import decode_array
from dlmskit.codec.values import decode_value
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from tests.work import at_most

DRAW = random.Random(5)
REGULAR = Data.array([Data.structure([Data.unsigned(n), Data.long(-n)]) for n in range(100)]).octets
NESTED = Data.array([Data.structure([Data.structure([Data.array([Data.unsigned(n)])])]) for n in range(100)]).octets
JUMBLE = Data.array(
    [Data.structure([DRAW.choice((Data.null(), Data.unsigned(n % 200), Data.long(n))) for _ in range(3)]) for n in range(400)]
).octets


@pytest.mark.parametrize(("octets", "elements"), [(REGULAR, 300), (NESTED, 400), (JUMBLE, 1600)])
def test_the_element_limit_holds_in_runs(octets, elements):
    for _ in range(2):
        assert len(decode_rows(octets, Limits(data_elements=elements))) > 0
        with pytest.raises(DecodeError, match=f"more than {elements - 1} elements"):
            decode_rows(octets, Limits(data_elements=elements - 1))


@pytest.mark.parametrize(("octets", "depth"), [(REGULAR, 2), (NESTED, 4), (JUMBLE, 2)])
def test_a_remembered_layout_does_not_get_around_the_depth(octets, depth):
    decode_rows(octets)
    assert len(decode_rows(octets, Limits(data_depth=depth))) > 0
    with pytest.raises(DecodeError, match="nesting too deep"):
        decode_rows(octets, Limits(data_depth=depth - 1))
    with pytest.raises(DecodeError, match="nesting too deep"):
        Data.decode(octets, Limits(data_depth=depth - 1))


def test_a_jumble_goes_through_one_expression(monkeypatch):
    decoded_generally = []
    real = vars(speculate)["decode_elements"]

    def counting(*args):
        decoded_generally.append(args)
        return real(*args)

    monkeypatch.setattr(speculate, "decode_elements", counting)
    for _ in range(12):  # layouts are learnt from a few rows of each buffer
        decoded_generally.clear()
        assert decode_rows(JUMBLE) == decode_value(JUMBLE)[0]
    assert len(decoded_generally) < 20  # of 400 rows in 27 layouts


def test_elements_of_any_type():
    mixed = Data.array([Data.unsigned(1)] * 40 + [Data.structure([])] + [Data.visible_string("a")] * 40)
    values, structures = decode_array(mixed.octets, DEFAULT)
    assert (values, structures) == ([1] * 40 + [()] + ["a"] * 40, False)
    assert mixed.value == values


def test_no_layouts_at_all():
    assert decode_rows(JUMBLE, Limits(profile_layouts=0)) == decode_value(JUMBLE)[0]


@pytest.mark.case("R-002")
@pytest.mark.parametrize("fields", [1, 5, 20, 100, 250])
@pytest.mark.parametrize("cut", [0, 1])
def test_rows_that_are_all_different_cost_little(fields, cut):
    """Some 64 KiB in which no layout serves: learning and the expression are given up in time."""
    draw = random.Random(fields)
    forms = (Data.null(), Data.unsigned(1), Data.long(1), Data.octet_string(b"a"))
    rows = [Data.structure([draw.choice(forms) for _ in range(fields)]) for _ in range(32_000 // (fields + 1))]
    octets = Data.array(rows).octets
    octets = octets[: len(octets) - cut]
    with at_most(12 * len(octets)):
        try:
            assert len(decode_rows(octets)) == len(rows)
        except DecodeError:
            refused = True
        else:
            refused = False
    assert refused == bool(cut)
