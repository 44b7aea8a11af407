"""date-time, date and time of COSEM (Blue Book, 4.1.6.1): 12, 5 and 4 octets in which any part may be left open.

Whatever the octets say is kept and given back exactly. Parts are read when asked for; conversion to a Python time is the only
thing that can fail. Deviation is minutes from local time to UTC: UTC = local + deviation, so +01:00 is written -60.
"""

from __future__ import annotations

import datetime as dt
from enum import IntFlag
from typing import Final

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.types._date_parts import (
    DST_BEGIN,
    DST_END,
    LAST_DAY,
    NOT_SPECIFIED,
    SECOND_LAST_DAY,
    DateParts,
    TimeParts,
    date_octets,
    fitting,
    time_octets,
)

__all__ = [
    "DST_BEGIN",
    "DST_END",
    "LAST_DAY",
    "SECOND_LAST_DAY",
    "ClockStatus",
    "CosemDate",
    "CosemDateTime",
    "CosemTime",
    "from_octet_string",
]

_DEVIATION_NOT_SPECIFIED: Final = -0x8000
_LARGEST_DEVIATION: Final = 840
# The standard prints -720..840, but by its own rule (UTC = local + deviation) places east of UTC+12 need -780 and -840.
_MIDNIGHT: Final = dt.datetime(2000, 1, 1)


class ClockStatus(IntFlag):
    """clock_status: what the meter says about its own time."""

    INVALID_VALUE = 0x01
    DOUBTFUL_VALUE = 0x02
    DIFFERENT_CLOCK_BASE = 0x04
    INVALID_CLOCK_STATUS = 0x08
    DAYLIGHT_SAVING = 0x80


_STATUS_WORDS = {
    ClockStatus.INVALID_VALUE: "invalid value",
    ClockStatus.DOUBTFUL_VALUE: "doubtful",
    ClockStatus.DIFFERENT_CLOCK_BASE: "different clock base",
    ClockStatus.INVALID_CLOCK_STATUS: "invalid clock status",
    ClockStatus.DAYLIGHT_SAVING: "DST",
}
_RESERVED_STATUS_BITS: Final = 0x70


class CosemDate(DateParts):
    """A date: any five octets. DecodeError for another number of octets."""

    __slots__ = ()

    def __init__(self, octets: bytes) -> None:
        if len(octets) != 5:
            raise DecodeError(f"a date has 5 octets, found {len(octets)}")
        self._octets = bytes(octets)

    @classmethod
    def of(
        cls, year: int | None = None, month: int | None = None, day: int | None = None, weekday: int | None = None
    ) -> CosemDate:
        """A date from its parts, None for not specified; EncodeError when a part does not fit its octets."""
        return cls(date_octets(year, month, day, weekday))

    @classmethod
    def from_date(cls, date: dt.date) -> CosemDate:
        """A date of the calendar, with its weekday."""
        return cls.of(date.year, date.month, date.day, date.isoweekday())

    @property
    def is_valid(self) -> bool:
        """Whether each part is one that the standard allows, and the date may exist."""
        return self._date_is_valid

    def isoformat(self) -> str:
        """``2017-10-01``; DecodeError where the date is not fully given."""
        return self.to_date().isoformat()

    def __str__(self) -> str:
        return self._date_text()

    def __repr__(self) -> str:
        return f"CosemDate({self._octets.hex()}: {self})"


class CosemTime(TimeParts):
    """A time of day: any four octets. DecodeError for another number of octets."""

    __slots__ = ()

    def __init__(self, octets: bytes) -> None:
        if len(octets) != 4:
            raise DecodeError(f"a time has 4 octets, found {len(octets)}")
        self._octets = bytes(octets)

    @classmethod
    def of(
        cls, hour: int | None = None, minute: int | None = None, second: int | None = None, hundredths: int | None = None
    ) -> CosemTime:
        """A time from its parts, None for not specified; EncodeError when a part does not fit its octet."""
        return cls(time_octets(hour, minute, second, hundredths))

    @classmethod
    def from_time(cls, time: dt.time) -> CosemTime:
        """A time of day, cut to hundredths of a second; its zone, if any, has no place here."""
        return cls.of(time.hour, time.minute, time.second, time.microsecond // 10_000)

    @property
    def is_valid(self) -> bool:
        """Whether each part is one that the standard allows."""
        return self._time_is_valid

    def to_time(self) -> dt.time:
        """The time of day. DecodeError where hour or minute is not specified, or there is no such time (24:00 among them)."""
        since_midnight = self._since_midnight()
        if since_midnight.days:
            raise DecodeError(f"{self} is the end of a day, which a time alone cannot say")
        return (_MIDNIGHT + since_midnight).time()

    def isoformat(self) -> str:
        """``12:00:00``, with milliseconds where there are hundredths; DecodeError as `to_time`."""
        return self.to_time().isoformat("milliseconds" if self.hundredths else "seconds")

    def __str__(self) -> str:
        return self._time_text()

    def __repr__(self) -> str:
        return f"CosemTime({self._octets.hex()}: {self})"


class CosemDateTime(DateParts, TimeParts):
    """A date-time: any twelve octets. DecodeError for another number of octets."""

    __slots__ = ()

    _AT = 5

    def __init__(self, octets: bytes) -> None:
        if len(octets) != 12:
            raise DecodeError(f"a date-time has 12 octets, found {len(octets)}")
        self._octets = octets if octets.__class__ is bytes else bytes(octets)

    @classmethod
    def of(
        cls, date: CosemDate | None = None, time: CosemTime | None = None, deviation: int | None = None, status: int | None = None
    ) -> CosemDateTime:
        """A date-time from its parts, None for not specified.

        Args:
            date: the first five octets.
            time: the four after them.
            deviation: minutes from local time to UTC, -32767 to 32767; +01:00 is -60.
            status: clock status, 0 to 254; see ClockStatus.

        Raises:
            EncodeError: deviation or status does not fit its octets.
        """
        minutes = _DEVIATION_NOT_SPECIFIED if deviation is None else fitting("deviation", deviation, -0x7FFF, 0x7FFF)
        return cls(
            (date or CosemDate.of()).octets
            + (time or CosemTime.of()).octets
            + minutes.to_bytes(2, signed=True)
            + bytes([NOT_SPECIFIED if status is None else fitting("status", status, 0, 0xFE)])
        )

    @classmethod
    def from_datetime(cls, moment: dt.datetime, status: int | None = None) -> CosemDateTime:
        """A moment, cut to hundredths of a second. A naive one has no deviation.

        Without ``status``, an aware moment gets status 0 or DAYLIGHT_SAVING as its zone says, a naive one none.
        EncodeError where the offset from UTC is no whole number of minutes or above 14 hours.
        """
        offset = moment.utcoffset()
        date, time = CosemDate.from_date(moment), CosemTime.from_time(moment.time())
        if offset is None:
            return cls.of(date, time, None, status)
        minutes, rest = divmod(offset, dt.timedelta(minutes=1))
        if rest or abs(minutes) > _LARGEST_DEVIATION:
            raise EncodeError(f"offset {offset} from UTC cannot be written as a deviation")
        if status is None:
            status = ClockStatus.DAYLIGHT_SAVING if moment.dst() else 0
        return cls.of(date, time, -minutes, status)

    @property
    def date(self) -> CosemDate:
        """The date alone."""
        return CosemDate(self._octets[:5])

    @property
    def time(self) -> CosemTime:
        """The time of day alone."""
        return CosemTime(self._octets[5:9])

    @property
    def deviation(self) -> int | None:
        """Minutes from local time to UTC (UTC = local + deviation), daylight saving included; None where not specified."""
        minutes = int.from_bytes(self._octets[9:11], signed=True)
        return None if minutes == _DEVIATION_NOT_SPECIFIED else minutes

    @property
    def status(self) -> ClockStatus | None:
        """What the meter says about this time; None where not specified."""
        return None if self._octets[11] == NOT_SPECIFIED else ClockStatus(self._octets[11])

    @property
    def is_unset(self) -> bool:
        """Whether the octets are all 00 or all FF: a time that was never set."""
        return self._octets in {bytes(12), b"\xff" * 12}

    @property
    def is_valid(self) -> bool:
        """Whether each part is one that the standard allows, and the date may exist. What the meter says of it is `status`."""
        status = self._octets[11]
        return (
            self._date_is_valid
            and self._time_is_valid
            and (self._octets[9:11] == b"\x80\x00" or abs(self.deviation or 0) <= _LARGEST_DEVIATION)
            and (status == NOT_SPECIFIED or not status & _RESERVED_STATUS_BITS)
        )

    def to_datetime(self, *, inverted: bool = False, dst_minutes: int = 0) -> dt.datetime:
        """The moment: aware where the deviation is specified, naive where it is not.

        The weekday of a full date is not looked at. Second and hundredths left open count as 0; 24:00 starts the next day.

        Args:
            inverted: the meter writes the deviation with the opposite sign.
            dst_minutes: what to add while the status says that daylight saving is active, for a meter that leaves it out of
                the deviation.

        Raises:
            DecodeError: a part that is needed is not specified, or the parts name no moment.
        """
        date, since_midnight = self.to_date(), self._since_midnight()
        deviation = self.deviation
        zone = None
        if deviation is not None:
            if abs(deviation) > _LARGEST_DEVIATION:
                raise DecodeError(f"deviation {deviation} of {self} is more than {_LARGEST_DEVIATION} minutes")
            offset = deviation if inverted else -deviation
            if dst_minutes and (self.status or 0) & ClockStatus.DAYLIGHT_SAVING:
                offset += dst_minutes
            zone = dt.timezone(dt.timedelta(minutes=offset))
        try:
            return dt.datetime(date.year, date.month, date.day, tzinfo=zone) + since_midnight
        except OverflowError:
            raise DecodeError(f"{self} is past the last year of the calendar") from None

    def isoformat(self) -> str:
        """``2017-10-01T00:00:00+01:00``, with milliseconds where there are hundredths; DecodeError as `to_datetime`."""
        return self.to_datetime().isoformat(timespec="milliseconds" if self.hundredths else "seconds")

    def __str__(self) -> str:
        if self.is_unset:
            return "not set"
        parts = [self._date_text(), self._time_text()]
        if (deviation := self.deviation) is not None:
            hours, minutes = divmod(abs(deviation), 60)
            parts.append(f"{'-' if deviation > 0 else '+'}{hours:02}:{minutes:02}")
        if words := self._status_words():
            parts.append(f"({', '.join(words)})")
        return " ".join(parts)

    def _status_words(self) -> list[str]:
        status = self._octets[11]
        if status == NOT_SPECIFIED:
            return []
        words = [word for bit, word in _STATUS_WORDS.items() if status & bit]
        if reserved := status & _RESERVED_STATUS_BITS:
            words.append(f"reserved bits {reserved:02X}")
        return words

    def __repr__(self) -> str:
        return f"CosemDateTime({self._octets.hex()}: {self})"


def from_octet_string(octets: bytes) -> CosemDateTime | CosemDate | CosemTime:
    """The value that an octet-string of 12, 5 or 4 octets carries; DecodeError for another number of octets."""
    if len(octets) == 12:
        return CosemDateTime(octets)
    if len(octets) == 5:
        return CosemDate(octets)
    if len(octets) == 4:
        return CosemTime(octets)
    raise DecodeError(f"date-time, date and time have 12, 5 and 4 octets, found {len(octets)}")
