"""Local time of a meter: time zone and daylight saving as the Clock object states them (Blue Book, class 8).

Begin is written in normal time, end in daylight time, mostly with an open year: ``*-03-last Sun 02:00``. Signs are those
of COSEM: UTC = local + deviation, so CET is -60.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from dlmskit.errors import DecodeError
from dlmskit.types.datetime import LAST_DAY, SECOND_LAST_DAY, CosemDateTime

NEVER = CosemDateTime.of()
"""A switch time in which nothing is specified."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The rules that make local time out of UTC."""

    time_zone: int = 0
    """Minutes from normal local time to UTC; -60 for CET."""
    begin: CosemDateTime = NEVER
    end: CosemDateTime = NEVER
    daylight_deviation: int = 0
    """Minutes by which the clock is put forward while daylight saving is in force."""
    enabled: bool = False

    def from_utc(self, moment: datetime) -> tuple[datetime, bool]:
        """Local time with its offset from UTC, and whether daylight saving is in force."""
        normal = moment.astimezone(UTC).replace(tzinfo=None) - timedelta(minutes=self.time_zone)
        active = self.in_force(normal)
        minutes = -self.time_zone + (self.daylight_deviation if active else 0)
        return moment.astimezone(timezone(timedelta(minutes=minutes))), active

    def to_utc(self, local: datetime) -> datetime:
        """The moment of a local time: by its own offset, or without one by these rules.

        Of the two moments of the hour that repeats, the one in daylight time is taken, which comes first.
        """
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        daylight = local - timedelta(minutes=self.daylight_deviation)
        normal = daylight if self.in_force(daylight) else local
        return (normal + timedelta(minutes=self.time_zone)).replace(tzinfo=UTC)

    def in_force(self, normal: datetime) -> bool:
        """Whether daylight saving is in force at a moment given in normal local time."""
        if not self.enabled:
            return False
        begin = switch_time(self.begin, normal.year)
        end = switch_time(self.end, normal.year)
        if begin is None or end is None:
            return False
        end -= timedelta(minutes=self.daylight_deviation)
        if begin <= end:
            return begin <= normal < end
        if self.begin.year is not None and self.end.year is not None:
            return False  # an interval that ends before it begins
        return normal >= begin or normal < end  # south of the equator, summer spans the new year


@lru_cache(maxsize=64)
def switch_time(written: CosemDateTime, year: int) -> datetime | None:
    """The moment that begin or end means in ``year``, in the time it is written in; None where it names none.

    With an open year, a day of the month and a weekday together mean the first such weekday from that day on.
    """
    octets = written.octets
    repeats = written.year is None
    if repeats:
        octets = year.to_bytes(2) + octets[2:]
    try:
        moment = CosemDateTime(octets[:9] + b"\x80\x00\xff").to_datetime()
    except DecodeError:
        return None
    weekday = written.weekday
    if repeats and weekday is not None and written.day not in {LAST_DAY, SECOND_LAST_DAY}:
        moment += timedelta(days=1) * ((weekday - moment.isoweekday()) % 7)
    return moment
