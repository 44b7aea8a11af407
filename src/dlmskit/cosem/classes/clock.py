"""Interface class 8, Clock (Blue Book 4.5.1): local time with deviation and status, daylight saving, adjustments.

The class keeps no time: it keeps the difference between the device's own time and the clock that it was given, so that
nothing has to tick. Rules of daylight saving are in `dlmskit.cosem.daylight`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import DATE_TIME
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.datetime import ClockStatus, CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

LONGEST_SHIFT = 900
"""Seconds, both ways, of shift_time."""

PRESET = f"structure{{preset_time:{DATE_TIME},validity_interval_start:{DATE_TIME},validity_interval_end:{DATE_TIME}}}"

_DOUBTS = ClockStatus.INVALID_VALUE | ClockStatus.DOUBTFUL_VALUE

TimeSet = Callable[[datetime, datetime], None]


class Clock(InterfaceClass, class_id=8, version=0, name="Clock", methods_at=0x60):
    """The clock of a logical device.

    ``measuring_period`` (seconds) is the grid of adjust_to_measuring_period. ``on_time_set`` is told old and new time,
    in UTC, whenever the clock is set or shifted.
    """

    time = attribute(2, DATE_TIME, dynamic=True, writable=True)
    time_zone = attribute(3, "long", writable=True, within=(-840, 840))
    status = attribute(4, "unsigned", dynamic=True)
    daylight_savings_begin = attribute(5, DATE_TIME, writable=True)
    daylight_savings_end = attribute(6, DATE_TIME, writable=True)
    daylight_savings_deviation = attribute(7, "integer", writable=True, within=(-120, 120))
    daylight_savings_enabled = attribute(8, "boolean", writable=True)
    clock_base = attribute(
        9, "enum{0=not_defined,1=internal_crystal,2=mains_50Hz,3=mains_60Hz,4=GPS,5=radio_controlled}", default=1
    )

    def __init__(self, logical_name: Obis | str = "0.0.1.0.0.255", /, *, measuring_period: int = 900, **values: object) -> None:
        super().__init__(logical_name, **values)
        self.measuring_period = measuring_period
        self.offset = timedelta()
        """The device's time minus that of the clock it was given."""
        self.on_time_set: TimeSet | None = None
        self._preset: tuple[datetime, datetime, datetime] | None = None

    # --- time ----------------------------------------------------------------------------------------------------------

    def utc(self) -> datetime | None:
        """The device's time in UTC; None where no clock was given to the logical device."""
        source = None if self._tree is None else self._tree.clock
        return None if source is None else source.utc_now() + self.offset

    def local_time(self) -> LocalTime:
        """The rules of local time, as the attributes state them now."""
        return _rules(*(self.stored(number) for number in (3, 5, 6, 7, 8)))

    @time.reader
    def _read_time(self, request: Request) -> Data:
        now = self.utc()
        if now is None:
            return self.stored(2)
        local, daylight = self.local_time().from_utc(now)
        return Data.octet_string(CosemDateTime.from_datetime(local, self._status(daylight=daylight)))

    @status.reader
    def _read_status(self, request: Request) -> Data:
        now = self.utc()
        return Data.unsigned(self._status(daylight=now is not None and self.local_time().from_utc(now)[1]))

    def _status(self, *, daylight: bool) -> int:
        own: int = self.stored(4).value & ~ClockStatus.DAYLIGHT_SAVING
        return own | (ClockStatus.DAYLIGHT_SAVING if daylight else 0)

    @time.writer
    def _write_time(self, value: Data, request: Request) -> None:
        moment = self.moment(CosemDateTime(bytes(value.value)))
        if self.utc() is None:
            self.store(2, value)
        else:
            self.store(4, Data.unsigned(self.stored(4).value & ~_DOUBTS))
            self.set_utc(moment)

    def moment(self, written: CosemDateTime) -> datetime:
        """The moment in UTC that a date-time names; ServiceError other-reason where it names none."""
        try:
            return self.local_time().to_utc(written.to_datetime())
        except (DecodeError, OverflowError) as error:
            raise ServiceError(DataAccessResult.OTHER_REASON, "time", str(error)) from error

    def set_utc(self, moment: datetime) -> None:
        """Set the device's time."""
        before = self.utc()
        if before is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, "time", "the logical device was given no clock")
        self.offset += moment - before
        if self.on_time_set is not None:
            self.on_time_set(before, moment)
        if self._tree is not None:
            self._tree.tell(self, 2, self.get(2))

    # --- methods -------------------------------------------------------------------------------------------------------

    @method(1)
    def adjust_to_quarter(self) -> None:
        """To the nearest quarter of an hour."""
        self._adjust(900)

    @method(2)
    def adjust_to_measuring_period(self) -> None:
        """To the nearest start of a measuring period."""
        self._adjust(self.measuring_period)

    @method(3)
    def adjust_to_minute(self) -> None:
        """To the nearest minute: below 30 seconds down, else up."""
        self._adjust(60)

    @method(4)
    def adjust_to_preset_time(self) -> None:
        """To the preset time, within its validity interval; other-reason outside it, or where nothing was preset."""
        now = self.utc()
        if now is None or self._preset is None or not self._preset[1] <= now <= self._preset[2]:
            raise ServiceError(DataAccessResult.OTHER_REASON, "adjust_to_preset_time", "no preset time is valid now")
        self.set_utc(self._preset[0])

    @method(5, PRESET)
    def preset_adjusting_time(self, preset: Any) -> None:
        """Prepare adjust_to_preset_time: the time, and the interval in which it may be taken."""
        moments = [self.moment(CosemDateTime(bytes(part))) for part in preset]
        self._preset = moments[0], moments[1], moments[2]

    @method(6, "long", within=(-LONGEST_SHIFT, LONGEST_SHIFT))
    def shift_time(self, seconds: int) -> None:
        """Shift by -900 to 900 seconds; other-reason beyond."""
        self.set_utc(self._needed_utc() + timedelta(seconds=seconds))

    def _adjust(self, period: int) -> None:
        now = self._needed_utc()
        local = self.local_time().from_utc(now)[0].replace(tzinfo=UTC)
        into = (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) % timedelta(seconds=period)
        up = into * 2 >= timedelta(seconds=period)
        self.set_utc(now - into + (timedelta(seconds=period) if up else timedelta()))

    def _needed_utc(self) -> datetime:
        now = self.utc()
        if now is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, "time", "the logical device was given no clock")
        return now


@lru_cache(maxsize=64)
def _rules(time_zone: Data, begin: Data, end: Data, deviation: Data, enabled: Data) -> LocalTime:
    """Asked for at every reading of the time, while the attributes hardly ever change."""
    return LocalTime(
        time_zone.value,
        CosemDateTime(bytes(begin.value)),
        CosemDateTime(bytes(end.value)),
        deviation.value,
        enabled.value,
    )
