"""Work counted in calls, in place of time: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class TooMuchWork(AssertionError):
    """More calls than were allowed."""


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Stop what is inside as soon as it has made more calls than that, of Python or of C."""
    made = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal made
        if event in ("call", "c_call"):
            made += 1
            if made > calls:
                sys.setprofile(None)
                raise TooMuchWork(f"more than {calls} calls")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


def calls_of(work: Callable[[], object]) -> int:
    """How many calls some work makes."""
    made = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made
