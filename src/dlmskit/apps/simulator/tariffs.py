"""Tariffs of a simulated meter: a calendar runs scripts, a script sets the mask, the mask says which register counts.

Every register of a rate counts the same quantity while its bit is in the active mask. So the sum over the rates is the total from
the first day on, whatever the calendar did. What each has counted, and since when the mask holds, is kept in the transaction that
changed it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from functools import partial

from dlmskit.apps.simulator.mechanisms import DayTable, SeasonTable, TariffsTable, WeekTable
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.activity_calendar import ActivityCalendar
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.classes.register_activation import RegisterActivation
from dlmskit.cosem.classes.script_table import ScriptTable
from dlmskit.cosem.classes.special_days_table import SpecialDaysTable
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree, UtcClock
from dlmskit.errors import ConfigError
from dlmskit.server import Database
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis

CALENDAR, SPECIAL_DAYS = Obis("0.0.13.0.0.255"), Obis("0.0.11.0.0.255")
ACTIVATION, SCRIPTS = Obis("0.0.14.0.0.255"), Obis("0.0.10.0.100.255")
_NOTE = "tariffs"
_ACTIVE_MASK = 4
_WATT_HOUR = 30
_WHOLE_YEAR = "01-01"


class Tariffs:
    """The objects of ``[tariffs]``, and the counting behind them. Raises ConfigError for a calendar that makes no sense."""

    def __init__(
        self,
        table: TariffsTable,
        tree: ObjectTree,
        total: Callable[[datetime], float],
        time: UtcClock,
        database: Database,
        began: datetime,
    ) -> None:
        self._names = [Obis(name) for name in table.registers]
        self._total, self._time, self._database = total, time, database
        kept = json.loads(database.note(_NOTE) or "null") or {"since": began.isoformat(), "counted": [0.0] * len(self._names)}
        if len(kept["counted"]) != len(self._names):
            raise ConfigError("the state has another number of rates; start it with new state")
        self._since, self._counted = datetime.fromisoformat(kept["since"]), list(map(float, kept["counted"]))
        for place, name in enumerate(self._names):
            register = Register(name, value=Data.double_long_unsigned(0), scaler_unit=(0, _WATT_HOUR))
            register.feed("value", partial(self._shown, place))
            tree.add(register)
        self._activation = tree.add(activation_object(self._names))
        tree.add(scripts_object(len(self._names)))
        tree.add(calendar_object(table, len(self._names)))
        tree.add(special_days_object(table))
        self._active = self._places()
        tree.observers.append(self._stored)

    def ready(self) -> None:
        """The kept mask is back in its place."""
        self._active = self._places()

    def counted(self, place: int) -> float:
        """What the register of a rate shows now, in Wh."""
        running = self._total(max(self._time.utc_now(), self._since)) - self._total(self._since) if place in self._active else 0.0
        return self._counted[place] + running

    def _shown(self, place: int) -> int:
        return int(self.counted(place))

    def _places(self) -> frozenset[int]:
        return frozenset(place for place, name in enumerate(self._names) if self._activation.is_active(Register.class_id, name))

    def _stored(self, changed: InterfaceClass, number: int, _value: Data) -> None:
        if changed is not self._activation or number > _ACTIVE_MASK:
            return
        places = self._places()
        if places == self._active:
            return
        self._counted = [self.counted(place) for place in range(len(self._counted))]
        self._since = max(self._time.utc_now(), self._since)
        self._active = places
        self._database.set_note(_NOTE, json.dumps({"since": self._since.isoformat(), "counted": self._counted}))


# --- the objects ----------------------------------------------------------------------------------------------------------


def mask_name(rate: int) -> bytes:
    """``RATE1`` and so on."""
    return b"RATE%d" % rate


def activation_object(names: list[Obis]) -> RegisterActivation:
    """A mask for each rate; the first one is in force."""
    return RegisterActivation(
        ACTIVATION,
        register_assignment=[(Register.class_id, name) for name in names],
        mask_list=[(mask_name(rate), [rate]) for rate in range(1, len(names) + 1)],
        active_mask=mask_name(1),
    )


def scripts_object(rates: int) -> ScriptTable:
    """Script n sets the mask of rate n."""
    write, class_id = 1, RegisterActivation.class_id
    return ScriptTable(
        SCRIPTS,
        scripts=[
            (rate, [(write, class_id, ACTIVATION, _ACTIVE_MASK, Data.octet_string(mask_name(rate)))])
            for rate in range(1, rates + 1)
        ],
    )


def calendar_object(table: TariffsTable, rates: int) -> ActivityCalendar:
    """The calendar in force; the passive one is the same, for clients that change a part of it."""
    days = [(day.id, _schedule(day, rates)) for day in table.day]
    known = {day.id for day in table.day}
    weeks = table.week or (WeekTable(name="all", days=(table.day[0].id,) * 7),)
    seasons = table.season or (SeasonTable(name="all", start=_WHOLE_YEAR, week=weeks[0].name),)
    for week in weeks:
        if not known.issuperset(week.days):
            raise ConfigError(f"week {week.name} has a day that is not described; there are {sorted(known)}")
    if strange := sorted({season.week for season in seasons} - {week.name for week in weeks}):
        raise ConfigError(f"there is no week {strange[0]!r}; add it under [[tariffs.week]]")
    shown = [(one.name.encode(), CosemDateTime.of(_date(one.start)), one.week.encode()) for one in seasons]
    words = {
        f"{name}_{which}": value
        for which in ("active", "passive")
        for name, value in (
            ("season_profile", shown),
            ("week_profile_table", [(week.name.encode(), *week.days) for week in weeks]),
            ("day_profile_table", days),
            ("calendar_name", table.name.encode()),
        )
    }
    return ActivityCalendar(CALENDAR, **words)


def special_days_object(table: TariffsTable) -> SpecialDaysTable:
    """The special days, in the order of the file."""
    known = {day.id for day in table.day}
    for one in table.special_day:
        if one.day not in known:
            raise ConfigError(f"special day {one.date} has a day that is not described; there are {sorted(known)}")
    entries = [(number, _date(one.date), one.day) for number, one in enumerate(table.special_day, 1)]
    return SpecialDaysTable(SPECIAL_DAYS, entries=entries)


def _schedule(day: DayTable, rates: int) -> list[tuple[CosemTime, Obis, int]]:
    actions = []
    for text, rate in sorted(day.rates.items()):
        if not 1 <= rate <= rates:
            raise ConfigError(f"day {day.id} has rate {rate}; there are registers of rates 1 to {rates}")
        try:
            at = time.fromisoformat(text)
        except ValueError:
            raise ConfigError(f"day {day.id} has time {text!r}: write it as 06:00") from None
        actions.append((CosemTime.of(at.hour, at.minute, at.second, 0), SCRIPTS, rate))
    return actions


def _date(text: str) -> CosemDate:
    """``04-01`` of each year, ``2025-06-09`` once."""
    every_year = text.count("-") == 1
    try:
        found = date.fromisoformat(f"2024-{text}" if every_year else text)  # a leap year has every day
    except ValueError:
        raise ConfigError(f"{text!r} is no date: write it as 04-01, or as 2025-06-09") from None
    return CosemDate.of(None if every_year else found.year, found.month, found.day)
