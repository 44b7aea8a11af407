"""Find the layout of a row among those that are known, or learn it; remember it for the next buffer of the same kind.

Used by the walk that checks COSEM data and by the decoder of profile rows. Everything is bounded: layouts tried at a row,
rows learnt from, layouts of one buffer, buffers remembered.
"""

from __future__ import annotations

from dlmskit.codec.layout import Layout, learn

_HEAD = 4
_TRIED = 8
_MOST_HEADS = 32
_MOST_TOKENS = 2048
_remembered: dict[bytes, tuple[Layout, ...]] = {}


def recall(octets: bytes, at: int) -> tuple[Layout, ...]:
    """Layouts of earlier buffers that began like this one. A memory of speed only: each is checked on every row."""
    return _remembered.get(octets[at : at + _HEAD], ())


def remember(octets: bytes, at: int, layouts: tuple[Layout, ...]) -> None:
    """Keep the layouts of a buffer for later ones; the oldest beginnings make room."""
    head = octets[at : at + _HEAD]
    _remembered.pop(head, None)
    if len(_remembered) >= _MOST_HEADS:
        _remembered.pop(next(iter(_remembered)), None)
    if layouts:
        _remembered[head] = layouts


class LayoutFinder:
    """The layouts of one array, whose elements begin at ``start``."""

    def __init__(self, octets: bytes, start: int, depth: int, most: int) -> None:
        self.octets = octets
        self.start = start
        self.depth = depth
        self.most = most
        self.layouts = [layout for layout in recall(octets, start) if layout.depth <= depth][:most]
        self.recent = self.layouts[:_TRIED]
        self.learnt = 0
        self.tokens = sum(len(layout.tokens) for layout in self.layouts)
        self.strangers = 0

    def find(self, at: int, left: int, done: int) -> tuple[Layout | None, int]:
        """The layout of the row at ``at`` and how many of the ``left`` rows have it; ``done`` rows are behind us."""
        recent = self.recent
        for index, layout in enumerate(recent):
            found = layout.run(self.octets, at, left)
            if found:
                if index:
                    recent.insert(0, recent.pop(index))
                return layout, found
        learnt = self.learn(at, done)
        return (learnt, learnt.run(self.octets, at, left)) if learnt else (None, 0)

    def learn(self, at: int, done: int) -> Layout | None:
        """The layout of the row at ``at``, noted if it is new. Learning costs some twenty rows: it is done now and then."""
        if self.full() or self.learnt > 4 + done // 32:
            self.strangers += 1
            return None
        self.learnt += 1
        layout = learn(self.octets, at, self.depth)
        if layout is None:
            self.strangers += 1
            return None
        self.tokens += len(layout.tokens)
        known = next((known for known in self.layouts if known.tokens == layout.tokens), None)
        if known is None:
            self.layouts.append(layout)
        self.recent = [known or layout, *self.recent[: _TRIED - 1]]
        return known or layout

    def full(self) -> bool:
        """Whether no more layouts are kept."""
        return len(self.layouts) >= self.most or self.tokens > _MOST_TOKENS

    def hopeless(self, done: int) -> bool:
        """Whether most rows so far had no layout: then the general way is the fast one."""
        return self.strangers >= _TRIED and 2 * self.strangers > done

    def finish(self, done: int) -> None:
        """Remember what was learnt; forget layouts that fill the memory and do not serve, so that others are learnt."""
        if self.full() and self.hopeless(done):
            remember(self.octets, self.start, ())
        elif self.learnt:
            remember(self.octets, self.start, tuple(self.layouts))
