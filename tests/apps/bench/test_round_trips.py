"""The table of round trips is what is counted, and every way reads the same values."""

from __future__ import annotations

import pytest

from dlmskit.apps.bench.round_trips import WAYS, Way
from dlmskit.codec.data import Data
from scripts.round_trips import PAGE, complete, page


def test_the_page_is_what_is_counted() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make round-trips"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_reads_the_same(way: Way) -> None:
    _, _, values = way.count(0)
    assert values[:10] == [Data.double_long_unsigned(123456 + number) for number in range(10)]
    assert complete(values)
    assert values == WAYS[0].count(0)[2]


def test_what_the_table_is_to_show() -> None:
    trips = {way.name: way.count(0)[1].trips for way in WAYS}
    assert trips["GET, one by one"] == 11
    assert trips["GET with list"] == trips["ACCESS"] == 1
    assert trips["push (DataNotification)"] == 0


def test_access_without_blocks_does_not_carry_a_profile() -> None:
    """What the page calls "does not fit": the registers are there, the profile is refused, and nothing is cut."""
    access = next(way for way in WAYS if way.name == "ACCESS")
    values = access.count(256)[2]
    assert not complete(values)
    assert values[0] == Data.double_long_unsigned(123456)
