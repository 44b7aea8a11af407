"""When a push is sent, and sent again: windows, random start, retries with delays (Blue Book, class 40). Without I/O.

The clock is told and randomness is passed in. The schedule is read from the object at the trigger, so that what is written
while a push is under way holds for the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from functools import partial

from dlmskit.association.ports import Random
from dlmskit.cosem.classes.push_setup import PushSetupV0, PushSetupV2
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.windows import Window, next_open
from dlmskit.errors import DecodeError
from dlmskit.types.datetime import CosemDateTime

_PERCENT = 100


class Method(IntEnum):
    """push_operation_method: what makes an attempt a failed one."""

    UNCONFIRMED = 0
    """The supporting layer failed."""
    LOWER_CONFIRMED = 1
    """The supporting layer gave no confirmation; where it has none, as UDP, all repetitions are sent."""
    CONFIRMED = 2
    """No DataNotification-Confirm came."""


def _always(moment: datetime) -> datetime | None:
    return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The rules of one push, in seconds and moments of UTC."""

    opens: Callable[[datetime], datetime | None] = _always
    """The first moment, the given one or later, at which a communication window is open; None where none ever is."""
    randomisation: int = 0
    retries: int = 0
    """Attempts after the first."""
    delay: int = 0
    """Before the first repetition."""
    growth: int = _PERCENT
    """Each further delay in percent of the one before."""
    longest_delay: int = 0
    """0: as the first."""
    method: Method = Method.UNCONFIRMED
    again_from: datetime | None = None
    """What is pushed from then on and never confirmed is pushed anew after ``again_after``."""
    again_after: int = 0

    @classmethod
    def of(cls, setup: PushSetupV0, local: LocalTime) -> Schedule:
        """What the attributes of a Push setup of any version say."""
        windows = [_window(start, end) for start, end in setup.communication_window]
        words = {
            "opens": partial(_opens, windows, local),
            "randomisation": setup.randomisation_start_interval,
            "retries": setup.number_of_retries,
        }
        if not isinstance(setup, PushSetupV2):
            return cls(**words, delay=setup.repetition_delay)
        delay, growth, longest = setup.repetition_delay
        start, interval = setup.confirmation_parameters
        return cls(
            **words,
            delay=delay,
            growth=growth,
            longest_delay=longest,
            method=Method(setup.push_operation_method),
            again_from=_moment(start, local),
            again_after=interval,
        )

    def delay_before(self, repetition: int) -> float:
        """Seconds between the attempt before and this repetition, counted from 1; never less than the first delay."""
        longest = max(self.longest_delay, self.delay)
        if self.growth <= _PERCENT:
            return self.delay
        factor = 1.0
        for _ in range(repetition - 1):
            factor *= self.growth / _PERCENT
            if self.delay * factor >= longest:
                return longest
        return self.delay * factor


@dataclass(slots=True)
class Delivery:
    """The attempts of one push; ask `due`, then tell how the attempt went."""

    schedule: Schedule
    random: Random
    due: datetime | None = field(default=None, init=False)
    """When the next attempt is to be made; None: no more."""
    attempts: int = field(default=0, init=False)
    """In this round."""
    rounds: int = field(default=1, init=False)

    def trigger(self, now: datetime) -> None:
        """Begin: in the next window, after a random wait."""
        self.attempts = 0
        start = self.schedule.opens(now)
        if start is not None:
            start = self.schedule.opens(start + timedelta(seconds=self._drawn()))
        self.due = start

    def sent(self) -> None:
        """An attempt succeeded, as far as the operation method wants to know."""
        self.attempts += 1
        self.due = None

    def failed(self, now: datetime) -> None:
        """An attempt failed: wait for the repetition, for a new round, or give up."""
        self.attempts += 1
        schedule = self.schedule
        if self.attempts <= schedule.retries:
            self.due = schedule.opens(now + timedelta(seconds=schedule.delay_before(self.attempts)))
        elif self._is_pushed_anew(now):
            self.rounds += 1
            self.trigger(now + timedelta(seconds=schedule.again_after))
        else:
            self.due = None

    def _is_pushed_anew(self, now: datetime) -> bool:
        schedule = self.schedule
        wanted = schedule.method is Method.CONFIRMED and schedule.again_after > 0
        return wanted and schedule.again_from is not None and now >= schedule.again_from

    def _drawn(self) -> int:
        """Uniform between 0 and the randomisation interval; 8 octets keep the error of the remainder out of sight."""
        return int.from_bytes(self.random(8)) % (self.schedule.randomisation + 1) if self.schedule.randomisation else 0


def _window(start: object, end: object) -> Window:
    return Window(_date_time(start), _date_time(end))


def _date_time(value: object) -> CosemDateTime:
    return value if isinstance(value, CosemDateTime) else CosemDateTime(bytes(value))  # type: ignore[call-overload]


def _opens(windows: list[Window], local: LocalTime, moment: datetime) -> datetime | None:
    if not windows:
        return moment
    here, _ = local.from_utc(moment)
    found = next_open(windows, here.replace(tzinfo=None))
    if found is None:
        return None
    return moment if found == here.replace(tzinfo=None) else max(local.to_utc(found), moment)


def _moment(start: object, local: LocalTime) -> datetime | None:
    """confirmation_start_date in UTC; None where it is open."""
    try:
        return local.to_utc(_date_time(start).to_datetime())
    except DecodeError:
        return None
