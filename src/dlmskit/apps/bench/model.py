"""A case and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

Work = Callable[[], object]
"""One unit of work; what it returns is thrown away."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is measured: ours, and what a peer needs to do the same."""

    name: str
    ours: Work
    material: Mapping[str, Any] = field(default_factory=dict)
    """Octets, numbers and lists alone, so that a peer needs nothing of ours."""
    clock: Callable[[], float] = perf_counter
    """What a burst is timed by: the clock on the wall, or processor time where another process works too."""
    units: int = 1
    """How many units of work one call of `ours` does."""
    asked: str = ""
    """What peers are asked for; by default what stands in the name before the bracket."""
    bars: Mapping[str, float] = field(default_factory=dict)
    """Least ratio wanted, by the first word of the peer's name; ``bare`` is the library call underneath."""


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds per unit of work; None where the peer is absent or cannot do it."""

    name: str
    peer: str
    ours: float
    theirs: float | None
    ratio: float | None
    bar: float | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The contract of ``dlmskit bench --json``."""
        return {
            "name": self.name,
            "peer": self.peer,
            "ours": self.ours,
            "theirs": self.theirs,
            "ratio": self.ratio,
            "bar": self.bar,
            "note": self.note or None,
        }
