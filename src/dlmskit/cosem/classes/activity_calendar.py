"""Interface class 20, Activity calendar (Blue Book 4.5.5): seasons, weeks and days of tariff switching.

The passive tables are prepared and become active together. Running the day's actions is the business of the device.
"""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.kinds import DATE_TIME
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

SEASONS = f"array<structure{{season_profile_name:octet-string,season_start:{DATE_TIME},week_name:octet-string}}>"
WEEKS = (
    "array<structure{week_profile_name:octet-string,monday:unsigned,tuesday:unsigned,wednesday:unsigned,"
    "thursday:unsigned,friday:unsigned,saturday:unsigned,sunday:unsigned}>"
)
DAY_ACTION = "structure{start_time:octet-string(time),script_logical_name:logical-name,script_selector:long-unsigned}"
DAYS = f"array<structure{{day_id:unsigned,day_schedule:array<{DAY_ACTION}>}}>"

_PASSIVE_TO_ACTIVE = {6: 2, 7: 3, 8: 4, 9: 5}


class ActivityCalendar(InterfaceClass, class_id=20, version=0, name="Activity calendar", methods_at=0x50):
    """The calendar in force, and the next one."""

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


def _check_references(seasons: Data, weeks: Data, days: Data) -> None:
    week_names = {week[0] for week in weeks.value}
    day_ids = {day[0] for day in days.value}
    if any(season[2] not in week_names for season in seasons.value):
        raise ServiceError(DataAccessResult.OTHER_REASON, "season_profile_passive", "names a week that is not defined")
    if any(not day_ids.issuperset(week[1:]) for week in weeks.value):
        raise ServiceError(DataAccessResult.OTHER_REASON, "week_profile_table_passive", "names a day that is not defined")
