"""The passive calendar becomes active as a whole, and only when its references hold."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.activity_calendar import ActivityCalendar
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDateTime, CosemTime
from dlmskit.types.enums import DataAccessResult

ACTION = (CosemTime.of(6, 0, 0, 0), "0.0.10.0.100.255", 1)


def calendar(week: bytes = b"W1", day: int = 1) -> ActivityCalendar:
    return ActivityCalendar(
        "0.0.13.0.0.255",
        calendar_name_passive=b"new",
        season_profile_passive=[(b"S1", CosemDateTime.of(), week)],
        week_profile_table_passive=[(b"W1", 1, 1, 1, 1, 1, day, 1)],
        day_profile_table_passive=[(1, [ACTION])],
    )


def test_all_four_at_once() -> None:
    one = calendar()
    one.action(1, Data.integer(0))
    for passive, active in ((6, 2), (7, 3), (8, 4), (9, 5)):
        assert one.get(active) == one.get(passive)
    assert one.calendar_name_active == b"new"


@pytest.mark.parametrize("broken", [calendar(week=b"W9"), calendar(day=9)], ids=["week", "day"])
def test_dangling_references_activate_nothing(broken: ActivityCalendar) -> None:
    with pytest.raises(ServiceError) as refusal:
        broken.action(1, Data.integer(0))
    assert refusal.value.code == DataAccessResult.OTHER_REASON
    assert broken.calendar_name_active == b""
    assert broken.season_profile_active == []
