"""Row-layout speculation: decode or skip many like elements by the layouts of the ones before them.

A layout is learnt from one row and tried on the rows behind it. Where runs are long, whole runs are taken at once; where
rows change from one to the next, the known layouts become the branches of one regular expression. Rows that fit none
are decoded the general way, and results are those of the general decoder on every input, refusals included.
"""

from __future__ import annotations

import functools
import re
import struct
from itertools import islice, takewhile
from operator import attrgetter
from typing import Any

from dlmskit.codec.data_types import Tag
from dlmskit.codec.layout import Layout, Token
from dlmskit.codec.layouts import LayoutFinder
from dlmskit.codec.reader import read_length
from dlmskit.codec.skip import DEEPEST, check_whole
from dlmskit.codec.values import Budget, decode_elements
from dlmskit.errors import DecodeError
from dlmskit.limits import Limits


def decode_array(octets: bytes, limits: Limits) -> tuple[list[Any], bool]:
    """The elements of an array that takes all of ``octets``, and whether all are structures. Raises `DecodeError`."""
    depth = min(limits.data_depth, DEEPEST)
    try:
        count, at = read_length(octets, 1)
        budget = [limits.data_elements - count]
        if depth > 0 and budget[0] >= 0:
            speculation = Speculation(octets, at, count, depth - 1, budget, limits.profile_layouts)
            if speculation.decode() == len(octets):
                return speculation.rows, speculation.structures
    except (IndexError, struct.error, DecodeError):
        pass
    check_whole(octets, limits)
    raise DecodeError("cannot be decoded", path="data")


_MOST_SHORT = 8
"""Short runs after which the general way is taken, where no expression is written."""
_MOST_TOKENS = 512
"""Fixed runs of octets in one expression."""


class Speculation:
    """One pass over the ``count`` elements of an array that begin at ``at``."""

    def __init__(self, octets: bytes, at: int, count: int, depth: int, budget: Budget, most: int) -> None:
        self.octets = octets
        self.at = at
        self.count = count
        self.depth = depth
        self.budget = budget
        self.finder = LayoutFinder(octets, at, depth, most)
        self.structures = True
        """Whether every row so far is a structure."""
        self.rows: list[Any] = []

    def decode(self) -> int:
        """Decode all elements into ``rows``; the offset behind them. Raises as `decode_elements` does."""
        rows, count, finder = self.rows, self.count, self.finder
        steps = 0
        while (done := len(rows)) < count:
            steps += 1
            short = steps > 4 and done < 4 * steps
            ragged = short and self.may_compile(count - done)
            if finder.hopeless(done) or (short and steps > _MOST_SHORT and not ragged):
                finder.finish(done)
                self.take_rest()
                return self.at
            if ragged:
                self.take_ragged()  # takes one row at least
                continue
            layout, found = finder.find(self.at, count - done, done)
            if layout is None:
                self.take_one()
            else:
                self.take_run(layout, found)
        finder.finish(count)
        return self.at

    def may_compile(self, left: int) -> bool:
        """Whether one expression for all known layouts is worth its cost."""
        layouts = self.finder.layouts
        return left >= 4 * len(layouts) >= 8 and sum(len(layout.tokens) for layout in layouts) <= _MOST_TOKENS

    def take_rest(self) -> None:
        """Decode all that is left the general way."""
        values, self.at = decode_elements(self.octets, self.at, self.count - len(self.rows), self.depth, self.budget)
        self.structures = self.structures and {tuple}.issuperset(map(type, values))
        self.rows += values

    def take_one(self) -> None:
        """Decode one element the general way."""
        self.structures = self.structures and self.octets[self.at] == Tag.STRUCTURE
        values, self.at = decode_elements(self.octets, self.at, 1, self.depth, self.budget)
        self.rows += values

    def take_run(self, layout: Layout, found: int) -> None:
        """Decode rows that have this layout."""
        self.structures = self.structures and layout.structure
        if not layout.worth(found):
            values, self.at = decode_elements(self.octets, self.at, found, self.depth, self.budget)
            self.rows += values
            return
        self.spend(found * layout.elements)
        self.rows += layout.make(self.octets, self.at, found)
        self.at += found * layout.size

    def take_ragged(self) -> None:
        """Decode rows whose layout changes all the time, until all are done or as many layouts again are known."""
        finder, octets, rows = self.finder, self.octets, self.rows
        pattern, order = _compile(tuple(layout.tokens for layout in finder.layouts))
        layouts = [finder.layouts[index] for index in order]
        readers = [(layout.one, layout.struct.unpack_from, layout.size) for layout in layouts]
        # Mostly all are structures of as many elements; then rows are only counted.
        elements = layouts[0].elements
        like = all(layout.structure and layout.elements == elements for layout in layouts)
        while (left := self.count - len(rows)) > 0 and len(finder.layouts) < 2 * len(layouts) and not finder.hopeless(len(rows)):
            kinds = list(takewhile(bool, map(_which, islice(pattern.finditer(octets, self.at), left))))
            if like:
                self.spend(len(kinds) * elements)
            else:
                self.structures = self.structures and all(layouts[kind - 1].structure for kind in set(kinds))
                self.spend(sum(layouts[kind - 1].elements for kind in kinds))
            at = self.at
            for kind in kinds:
                one, unpack, size = readers[kind - 1]
                rows.append(one(*unpack(octets, at)))
                at += size
            self.at = at
            if len(kinds) < left:
                finder.learn(at, len(rows))
                self.take_one()

    def spend(self, elements: int) -> None:
        """Take elements from the budget. Raises `DecodeError` when it is used up."""
        self.budget[0] -= elements
        if self.budget[0] < 0:
            raise DecodeError("too many elements")


_which = attrgetter("lastindex")


@functools.lru_cache(maxsize=64)
def _compile(layouts: tuple[tuple[Token, ...], ...]) -> tuple[re.Pattern[bytes], tuple[int, ...]]:
    """One regular expression for all layouts, and which layout each of its groups stands for.

    Common beginnings are shared, so that a row is read once; any other octet ends the match with no group.
    """
    order: list[int] = []
    source = _branches([(tokens, index) for index, tokens in enumerate(layouts)], 0, order)
    return re.compile(source + b"|.", re.DOTALL), tuple(order)


def _branches(layouts: list[tuple[tuple[Token, ...], int]], depth: int, order: list[int]) -> bytes:
    written: list[bytes] = []
    while depth < len(layouts[0][0]):
        branches: dict[Token, list[tuple[tuple[Token, ...], int]]] = {}
        for layout in layouts:
            branches.setdefault(layout[0][depth], []).append(layout)
        depth += 1
        if len(branches) > 1:
            parts = [_token(token) + _branches(members, depth, order) for token, members in branches.items()]
            written.append(b"(?:" + b"|".join(parts) + b")")
            return b"".join(written)
        written.append(_token(next(iter(branches))))
    order.append(layouts[0][1])
    return b"".join([*written, b"()"])


def _token(token: Token) -> bytes:
    fixed, free = token
    return re.escape(fixed) + (b".{%d}" % free if free else b"")
