"""Interface class 71, Limiter (Blue Book 4.5.9): a value that stays beyond a threshold for too long, and what is done then.

The normal threshold holds, or for a time the one of an emergency. The value is watched as by a monitor; how long it is beyond is
seen by the clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import Request, attribute
from dlmskit.cosem.kinds import DATE_TIME, SCRIPT_REFERENCE, VALUE_DEFINITION
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.scripts import run_script
from dlmskit.cosem.supervision import AttributeReference, Watcher
from dlmskit.cosem.timebound import TimeBound, local_time_of
from dlmskit.errors import DecodeError
from dlmskit.types.obis import Obis

_EMERGENCY = (
    f"structure{{emergency_profile_id:long-unsigned,emergency_activation_time:{DATE_TIME},"
    "emergency_duration:double-long-unsigned}"
)
_ACTIONS = f"structure{{action_over_threshold:{SCRIPT_REFERENCE},action_under_threshold:{SCRIPT_REFERENCE}}}"


class Limiter(TimeBound, Watcher, InterfaceClass, class_id=71, version=0, name="Limiter"):
    """Durations are in s; a threshold has the type of the monitored attribute."""

    monitored_value = attribute(2, VALUE_DEFINITION)
    threshold_active = attribute(3, "any", dynamic=True)
    threshold_normal = attribute(4, "any", writable=True)
    threshold_emergency = attribute(5, "any", writable=True)
    min_over_threshold_duration = attribute(6, "double-long-unsigned", writable=True)
    min_under_threshold_duration = attribute(7, "double-long-unsigned", writable=True)
    emergency_profile = attribute(8, _EMERGENCY, writable=True)
    emergency_profile_group_id_list = attribute(9, "array<long-unsigned>", writable=True)
    emergency_profile_active = attribute(10, "boolean", dynamic=True)
    actions = attribute(11, _ACTIONS, writable=True)
    timetable = (3, 4, 5, 6, 7, 8, 9, 10)

    def __init__(self, logical_name: Obis | str, /, **values: object) -> None:
        super().__init__(logical_name, **values)
        self._over: bool | None = None
        """Whether the value is above the threshold; None before it was seen."""
        self._since: datetime | None = None
        """Since when it is on its side, while the action of that side has not run."""

    @threshold_active.reader
    def _read_threshold(self, request: Request) -> Data:
        return self.stored(5 if self.stored(10).value else 4)

    # --- the value -----------------------------------------------------------------------------------------------------

    def watched(self) -> Iterable[AttributeReference]:
        """The monitored value."""
        return (AttributeReference(*self.monitored_value),)

    def observed(self, reference: AttributeReference, value: Data) -> None:
        """Note when the value changes sides; without a duration the action runs at once."""
        threshold = self.get(3).value
        if not isinstance(value.value, int | float) or not isinstance(threshold, int | float):
            return
        over = value.value > threshold
        if over == self._over or (self._over is None and not over):
            self._over = over
            return
        self._over, self._since = over, self.tree.utc_now()
        if not self._duration():
            self._act()
        else:
            self.tree.tell(self, 3, self.get(3))  # the timekeeper asks again when we are due

    def _duration(self) -> int:
        return int(self.stored(6 if self._over else 7).value)

    def _act(self) -> None:
        self._since = None
        actions: Any = self.actions
        run_script(self.tree, actions.action_over_threshold if self._over else actions.action_under_threshold)

    @emergency_profile.writer
    def _write_emergency(self, value: Data, request: Request) -> None:
        """An emergency whose time is past, and whose duration is not, begins at once."""
        self.store(8, value)
        begins, ends = self._emergency(local_time_of(self.tree))
        now = self.tree.utc_now()
        if begins is not None and ends is not None and now is not None and begins <= now:
            self.store(10, Data.boolean(now < ends))

    # --- the clock -----------------------------------------------------------------------------------------------------

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """When the value is beyond for long enough, or an emergency begins or ends."""
        return min((moment for moment in self._moments(rules) if moment > after), default=None)

    def reached(self, moment: datetime, late: timedelta) -> None:
        """Begin or end the emergency; act if the value stayed on its side."""
        begins, ends = self._emergency(local_time_of(self.tree))
        active = begins is not None and ends is not None and begins <= moment < ends
        if active != bool(self.stored(10).value):
            self.store(10, Data.boolean(active))
        if self._since is not None and moment >= self._since + timedelta(seconds=self._duration()):
            self._act()

    def _moments(self, rules: LocalTime) -> list[datetime]:
        moments = [moment for moment in self._emergency(rules) if moment is not None]
        if self._since is not None:
            moments.append(self._since + timedelta(seconds=self._duration()))
        return moments

    def _emergency(self, rules: LocalTime) -> tuple[datetime | None, datetime | None]:
        """Begin and end of the emergency; None where none is planned for one of our groups."""
        profile = self.emergency_profile
        if profile.emergency_profile_id not in self.emergency_profile_group_id_list:
            return None, None
        try:
            begins = rules.to_utc(profile.emergency_activation_time.to_datetime())
            return begins, begins + timedelta(seconds=profile.emergency_duration)
        except (DecodeError, OverflowError):
            return None, None
