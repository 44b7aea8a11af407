"""Measures candidates against one another on a machine that others share.

Candidates take turns in bursts of at least 50 ms; the quickest burst of each counts. A case is measured again when the
reference was disturbed (its minimum and median differ by more than 15 %), and marked when it stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from dlmskit.apps.bench.model import Case, Result, Work
from dlmskit.apps.bench.peers import Peer

Clock = Callable[[], float]

BURST_SECONDS = 0.05
ROUNDS = 7
DISTURBED = 1.15


def run(cases: Sequence[Case], peers: Sequence[Peer], progress: Callable[[str], None] = lambda _: None) -> Iterator[Result]:
    """Measure every case against every peer."""
    for case in cases:
        progress(case.name)
        yield from measure(case, peers)


def measure(case: Case, peers: Sequence[Peer]) -> list[Result]:
    """One case against every peer, in turns."""
    absent: list[tuple[str, str]] = []
    candidates: list[tuple[str, Work]] = []
    for peer in peers:
        work = peer.work_for(case)
        if work is None:
            if peer.missing:
                absent.append((peer.name, f"absent: {peer.missing}"))
        else:
            candidates.append((peer.name, work))
    bursts = _undisturbed([case.ours, *(work for _, work in candidates)], case.clock)
    note = "" if _is_calm(bursts) else "disturbed"
    ours = min(bursts[0]) / case.units
    results = [
        Result(case.name, name, ours, min(times), min(times) / ours, case.bars.get(name.split()[0]), note)
        for (name, _), times in zip(candidates, bursts[1:], strict=True)
    ]
    return results + [Result(case.name, name, ours, None, None, case.bars.get(name), why) for name, why in absent]


def _undisturbed(works: Sequence[Work], clock: Clock) -> list[list[float]]:
    """Bursts of a calm moment, or of the last of three tries."""
    for _ in range(2):
        bursts = _take_turns(works, clock)
        if _is_calm(bursts):
            return bursts
    return _take_turns(works, clock)


def _is_calm(bursts: list[list[float]]) -> bool:
    """Whether ours and the first reference were left alone."""
    return all(median(times) <= DISTURBED * min(times) for times in bursts[:2])


def _take_turns(works: Sequence[Work], clock: Clock) -> list[list[float]]:
    """Seconds per call of each burst of each candidate."""
    repeats = [_repeats(work, clock) for work in works]
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, count, found in zip(works, repeats, times, strict=True):
            start = clock()
            for _ in range(count):
                work()
            found.append((clock() - start) / count)
    return times


def _repeats(work: Work, clock: Clock) -> int:
    """How many calls make a burst."""
    count = 1
    while True:
        start = clock()
        for _ in range(count):
            work()
        elapsed = clock() - start
        if elapsed >= BURST_SECONDS:
            return count
        count = count * 2 if elapsed < BURST_SECONDS / 4 else int(count * BURST_SECONDS / elapsed) + 1
