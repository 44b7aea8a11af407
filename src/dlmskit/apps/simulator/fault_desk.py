"""Where faults are given to meters and ended again, whoever asks: a file, a program, the page. It keeps what was done.

An order for thousands of meters is one entry; the meters have their turn in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dlmskit.apps.simulator.fault_tables import Fault, Kind
from dlmskit.apps.simulator.meter import SimulatedMeter
from dlmskit.errors import ConfigError

_LOG = logging.getLogger("dlmskit.simulator")
_KEPT = 500
_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that was done to meters, or refused."""

    when: datetime
    """By the clock of the machine."""
    kind: Kind
    what: str
    """``given``, ``ended`` or ``refused``."""
    meters: str
    """System title of one, or how many."""
    words: str = ""
    """Parameters; why it was refused."""
    by: str
    """``file``, ``page`` or ``API``."""


class FaultDesk:
    """The meters, and what was done to them. ``urls`` says where each of them is served."""

    def __init__(self, meters: Sequence[SimulatedMeter], urls: Sequence[str] = ()) -> None:
        self.meters = meters
        self.urls = urls
        self.history: deque[Entry] = deque(maxlen=_KEPT)
        """Oldest first."""

    async def give(self, fault: Fault, by: str) -> Entry:
        """Let it happen now, to the meters that it names. What cannot happen to any of them is refused."""
        return await self._do(fault.kind, fault.meters, "given", fault.words, by, lambda meter: meter.faults.apply(fault))

    async def end(self, kind: Kind, numbers: Sequence[int], by: str) -> Entry:
        """Let it be over for these meters; none stands for all."""
        return await self._do(kind, numbers, "ended", "", by, lambda meter: meter.faults.end(kind))

    async def _do(
        self, kind: Kind, numbers: Sequence[int], what: str, words: str, by: str, act: Callable[[SimulatedMeter], None]
    ) -> Entry:
        chosen = [self.meters[number] for number in numbers if number < len(self.meters)] if numbers else list(self.meters)
        done, refusals = 0, dict[str, int]()
        for place, meter in enumerate(chosen):
            try:
                act(meter)
                done += 1
            except ConfigError as error:
                refusals[str(error)] = refusals.get(str(error), 0) + 1
            if place % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
        if not chosen:
            refusals["there is no such meter"] = 0
        for why in refusals:
            _LOG.warning("%s: %s", kind, why)
        said = [words, *(f"{count} refused: {why}" if done else why for why, count in refusals.items())]
        entry = Entry(
            when=datetime.now(UTC),
            kind=kind,
            what=what if done else "refused",
            meters=str(chosen[0].device.system_title) if len(chosen) == 1 else f"{len(chosen)} meters",
            words="; ".join(word for word in said if word),
            by=by,
        )
        self.history.append(entry)
        return entry


async def run_faults(faults: Iterable[Fault], desk: FaultDesk) -> None:
    """Let each happen when its time comes."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for fault in sorted(faults, key=lambda one: one.after):
        await asyncio.sleep(max(0.0, began + fault.after - loop.time()))
        await desk.give(fault, "file")
