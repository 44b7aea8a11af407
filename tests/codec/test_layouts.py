"""Layouts are found, learnt, remembered and forgotten, all within bounds."""

from __future__ import annotations

from dlmskit.codec import layouts
from dlmskit.codec.data import Data
from dlmskit.codec.layouts import LayoutFinder, recall, remember

ROWS = [Data.structure([Data.unsigned(n), Data.visible_string("x" * (n % 7))]).octets for n in range(100)]


def finder(octets, most=64):
    return LayoutFinder(octets, 0, 8, most)


def test_learns_once_and_remembers():
    remember(ROWS[1], 0, ())
    octets = ROWS[1] * 30
    first = finder(octets)
    layout, found = first.find(0, 30, 0)
    assert found == 30
    first.finish(30)
    assert recall(octets, 0) == (layout,)
    again = finder(octets)
    assert again.find(0, 30, 0) == (layout, 30)
    assert again.learnt == 0


def test_bounds():
    octets = b"".join(ROWS)
    few = finder(octets, most=2)
    at = done = 0
    while done < len(ROWS):
        layout, found = few.find(at, len(ROWS) - done, done)
        at += found * layout.size if layout else len(ROWS[done])
        done += found or 1
    assert len(few.layouts) == 2
    few.finish(len(ROWS))
    assert recall(octets, 0) == ()  # two layouts did not serve half of the rows
    for head in range(200):
        row = Data.structure([Data.unsigned(head)]).octets
        one = finder(row * 20)
        one.find(0, 20, 0)
        one.finish(20)
    assert len(layouts._remembered) <= layouts._MOST_HEADS
