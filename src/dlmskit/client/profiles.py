"""Profiles as typed tables: which columns there are, their scalers and units, and rows by time or by number.

The description of a profile (capture_objects, capture_period, scaler_unit of the captured registers) is read once per
connection; then every request for rows is one GET (Blue Book, Profile generic).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dlmskit.client.directory import Code
from dlmskit.client.plan import Plan
from dlmskit.client.readings import Readings, ScalerUnit
from dlmskit.client.services import Selection
from dlmskit.client.steps import Script
from dlmskit.codec.data import Data
from dlmskit.codec.profile import CaptureObject as Captured
from dlmskit.codec.profile import Column, ProfileTable
from dlmskit.cosem.selective import CaptureObject, EntryDescriptor, RangeDescriptor
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.obis import Obis

Moment = datetime | CosemDateTime

_PROFILE_GENERIC = 7
_CLOCK, _TIME = 8, 2


@dataclass(frozen=True, slots=True)
class ProfileDescription:
    """What the rows of one profile are made of."""

    obis: Obis
    capture_objects: tuple[CaptureObject, ...]
    columns: tuple[Column, ...]
    """One for each capture object."""
    capture_period: int
    """Seconds between two rows; 0 where they are not periodic, or the meter does not tell."""

    @property
    def clock(self) -> CaptureObject:
        """The column that holds the time. Raises ConfigError where there is none."""
        for one in self.capture_objects:
            if (one.class_id, one.attribute_index) == (_CLOCK, _TIME):
                return one
        raise ConfigError(f"{self.obis} captures no time: read it by entries")

    def chosen(self, names: Sequence[str]) -> tuple[tuple[CaptureObject, ...], tuple[Column, ...]]:
        """Capture objects and columns of these names, in this order. Raises ConfigError for a name that is not there."""
        known = {column.name: index for index, column in enumerate(self.columns)}
        strange = [name for name in names if name not in known]
        if strange:
            raise ConfigError(f"{self.obis} has no column {strange[0]!r}; there are {', '.join(known)}")
        places = [known[name] for name in names]
        return tuple(self.capture_objects[place] for place in places), tuple(self.columns[place] for place in places)


class Profiles(Readings):
    """Services for profiles; the last storey of what a meter client can do."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._described: dict[Obis, ProfileDescription] = {}

    def describe_profile(self, code: Code) -> Script[ProfileDescription]:
        """Columns and period of a profile, read once."""
        obis = code if isinstance(code, Obis) else Obis(code)
        if obis not in self._described:
            self._described[obis] = yield from self._read_description(obis)
        return self._described[obis]

    def profile_between(
        self, code: Code, since: Moment | None, until: Moment | None, columns: Sequence[str] = ()
    ) -> Script[ProfileTable]:
        """Rows whose time lies between two moments, both included; None leaves an end open, and both None read everything."""
        description = yield from self.describe_profile(code)
        wanted, titles = description.chosen(columns) if columns else ((), description.columns)
        if since is None and until is None and not columns:
            return (yield from self._rows(description, None, titles))
        selection = RangeDescriptor.between(since, until, restricting_object=description.clock, selected_values=wanted)
        return (yield from self._rows(description, selection, titles))

    def profile_entries(self, code: Code, first: int, last: int) -> Script[ProfileTable]:
        """Rows by number, counted from 1 in the order of the buffer; ``last`` 0 is the last one there is."""
        description = yield from self.describe_profile(code)
        return (yield from self._rows(description, EntryDescriptor(first, last), description.columns))

    def _rows(
        self, description: ProfileDescription, selection: Selection | None, columns: tuple[Column, ...]
    ) -> Script[ProfileTable]:
        buffer = yield from self.get(description.obis, "buffer", _PROFILE_GENERIC, selection)
        return ProfileTable.decode(buffer, columns, description.capture_period, self.plan.limits)

    def _read_description(self, obis: Obis) -> Script[ProfileDescription]:
        wanted = [self.directory.target(obis, name, _PROFILE_GENERIC) for name in ("capture_objects", "capture_period")]
        found = yield from self.data_of(wanted)
        if isinstance(found[0], ServiceError):
            raise found[0]
        captured = CaptureObject.list_from_data(found[0], self.plan.limits)
        period = found[1].value if isinstance(found[1], Data) else 0
        units = yield from self._units(captured)
        columns = tuple(
            Column.of(Captured(one.class_id, one.logical_name, one.attribute_index, one.data_index), *unit)
            for one, unit in zip(captured, units, strict=True)
        )
        return ProfileDescription(obis, captured, columns, period if type(period) is int else 0)

    def _units(self, captured: Sequence[CaptureObject]) -> Script[list[ScalerUnit]]:
        targets = [self.directory.target(one.logical_name, one.attribute_index, one.class_id) for one in captured]
        found = yield from self.scalers(targets)
        return [found.get(target) or ScalerUnit() for target in targets]
