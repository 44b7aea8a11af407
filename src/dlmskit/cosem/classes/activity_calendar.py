"""Interface class 20, Activity calendar (Blue Book 4.5.5): seasons, weeks and days of tariff switching.

The passive tables are prepared and become active together, by method or at a time. A special day goes before the week. After a
power cut, a clock set anew or another calendar the action that holds now is run.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.special_days_table import special_day
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.kinds import DATE_TIME
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.moments import following_date
from dlmskit.cosem.scripts import run_script
from dlmskit.cosem.timebound import ON_TIME, TimeBound, local_time_of, next_moment
from dlmskit.errors import DecodeError, ServiceError
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.enums import DataAccessResult

_LONGEST_LOOK_BACK = 8
"""Days in which an action is looked for that still holds: a week, and today."""
_LONGEST_LOOK_AHEAD = 400
"""Days in which the next action is looked for: more than a year of seasons without one is a calendar without actions."""

SEASONS = f"array<structure{{season_profile_name:octet-string,season_start:{DATE_TIME},week_name:octet-string}}>"
WEEKS = (
    "array<structure{week_profile_name:octet-string,monday:unsigned,tuesday:unsigned,wednesday:unsigned,"
    "thursday:unsigned,friday:unsigned,saturday:unsigned,sunday:unsigned}>"
)
DAY_ACTION = "structure{start_time:octet-string(time),script_logical_name:logical-name,script_selector:long-unsigned}"
DAYS = f"array<structure{{day_id:unsigned,day_schedule:array<{DAY_ACTION}>}}>"

_PASSIVE_TO_ACTIVE = {6: 2, 7: 3, 8: 4, 9: 5}


class ActivityCalendar(TimeBound, InterfaceClass, class_id=20, version=0, name="Activity calendar", methods_at=0x50):
    """The calendar in force, and the next one."""

    timetable = (3, 4, 5, 10)
    calendar_name_active = attribute(2, "octet-string")
    season_profile_active = attribute(3, SEASONS)
    week_profile_table_active = attribute(4, WEEKS)
    day_profile_table_active = attribute(5, DAYS)
    calendar_name_passive = attribute(6, "octet-string", writable=True)
    season_profile_passive = attribute(7, SEASONS, writable=True)
    week_profile_table_passive = attribute(8, WEEKS, writable=True)
    day_profile_table_passive = attribute(9, DAYS, writable=True)
    activate_passive_calendar_time = attribute(10, DATE_TIME, writable=True)

    @method(1)
    def activate_passive_calendar(self) -> None:
        """Copy the four passive attributes at once; other-reason where one of them names a week or day that is missing."""
        _check_references(self.stored(7), self.stored(8), self.stored(9))
        for passive, active in _PASSIVE_TO_ACTIVE.items():
            self.store(active, self.stored(passive))

    @activate_passive_calendar_time.writer
    def _write_activation_time(self, value: Data, request: Request) -> None:
        """A time that is past activates at once; one in which nothing is specified never does."""
        written = CosemDateTime(bytes(value.value))
        when, now = _moment(written, local_time_of(self.tree)), self.tree.utc_now()
        if when is not None and now is not None and when <= now:
            self.activate_passive_calendar()
        self.store(10, value)

    # --- by the clock --------------------------------------------------------------------------------------------------

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """The next action of a day that the calendar has, or the activation of the passive calendar."""
        found = [next_moment(partial(self._next_action, rules), after, rules)]
        activation = _moment(self.activate_passive_calendar_time, rules)
        found += [activation] if activation is not None and activation > after else []
        return min((moment for moment in found if moment is not None), default=None)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """Activate the passive calendar if its time has come, then run the action that holds from now on."""
        rules = local_time_of(self.tree)
        activation = _moment(self.activate_passive_calendar_time, rules)
        if activation == moment:
            self.activate_passive_calendar()
        following = self.following(moment, rules)
        if late >= ON_TIME and following is not None and following <= moment + late:
            return  # a later one holds
        self.resume(moment)

    def resume(self, moment: datetime) -> None:
        """Run the action that holds at ``moment``: at start-up, after the clock was set, with another calendar."""
        local = local_time_of(self.tree).from_utc(moment)[0].replace(tzinfo=None)
        for back in range(_LONGEST_LOOK_BACK):
            day = local.date() - timedelta(days=back)
            until = local.time() if back == 0 else time.max
            held = [action for action in self.actions_of(day) if _time(action.start_time) <= until]
            if held:
                run_script(self.tree, (held[-1].script_logical_name, held[-1].script_selector))
                return

    def actions_of(self, day: date) -> list[Any]:
        """The actions of a day in order of time: of its special day, else of its week in its season. None without a calendar."""
        number = special_day(self.tree, day)
        if number is None:
            season = self._season(day)
            week = next((one for one in self.week_profile_table_active if season and one[0] == season.week_name), None)
            number = None if week is None else week[1 + day.weekday()]
        schedule: list[Any] = next((one.day_schedule for one in self.day_profile_table_active if one.day_id == number), [])
        return sorted((one for one in schedule if None not in _parts(one.start_time)), key=lambda one: _time(one.start_time))

    def _season(self, day: date) -> Any | None:
        """The season that began last before the end of ``day``; seasons come round each year."""
        noted: list[tuple[date, Any]] = []
        for season in self.season_profile_active:
            written = CosemDate(season.season_start.octets[:5])
            starts = [following_date(written, date(max(year, 1), 1, 1)) for year in (day.year - 1, day.year)]
            noted += [(start, season) for start in starts if start is not None and start <= day]
        return max(noted, key=lambda one: one[0])[1] if noted else None

    def _next_action(self, rules: LocalTime, local: datetime) -> datetime | None:
        for ahead in range(_LONGEST_LOOK_AHEAD):
            day = local.date() + timedelta(days=ahead)
            for action in self.actions_of(day):
                moment = datetime.combine(day, _time(action.start_time))
                if moment > local:
                    return moment
        return None


def _check_references(seasons: Data, weeks: Data, days: Data) -> None:
    week_names = {week[0] for week in weeks.value}
    day_ids = {day[0] for day in days.value}
    if any(season[2] not in week_names for season in seasons.value):
        raise ServiceError(DataAccessResult.OTHER_REASON, "season_profile_passive", "names a week that is not defined")
    if any(not day_ids.issuperset(week[1:]) for week in weeks.value):
        raise ServiceError(DataAccessResult.OTHER_REASON, "week_profile_table_passive", "names a day that is not defined")


def _parts(written: CosemTime) -> tuple[int | None, int | None]:
    return written.hour, written.minute


def _time(written: CosemTime) -> time:
    return time(written.hour or 0, written.minute or 0, written.second or 0)


def _moment(written: CosemDateTime, rules: LocalTime) -> datetime | None:
    """The moment in UTC; None where nothing, or not enough, is specified."""
    try:
        return rules.to_utc(written.to_datetime())
    except (DecodeError, OverflowError):
        return None
