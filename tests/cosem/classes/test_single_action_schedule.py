"""execution_time must fit the type of the schedule."""

from __future__ import annotations

import pytest

from dlmskit.cosem.classes.single_action_schedule import SingleActionSchedule
from dlmskit.errors import ServiceError
from dlmskit.types.datetime import CosemDate, CosemTime

MIDNIGHT, NOON, ODD = CosemTime.of(0, 0, 0, 0), CosemTime.of(12, 0, 0, 0), CosemTime.of(12, 0, 0, 50)
FIRST, DAILY, NEW_YEAR = CosemDate.of(None, None, 1), CosemDate.of(), CosemDate.of(2030, 1, 1)
DAY = CosemDate.of(2030, 1, 2)


@pytest.mark.parametrize(
    ("kind", "entries", "allowed"),
    [
        (1, [], True),
        (1, [(MIDNIGHT, FIRST)], True),
        (1, [(MIDNIGHT, FIRST), (MIDNIGHT, DAILY)], False),
        (2, [(MIDNIGHT, NEW_YEAR), (MIDNIGHT, DAY)], True),
        (2, [(MIDNIGHT, NEW_YEAR), (NOON, DAY)], False),
        (2, [(MIDNIGHT, FIRST)], False),
        (3, [(MIDNIGHT, FIRST), (MIDNIGHT, DAILY)], True),
        (3, [(MIDNIGHT, FIRST), (NOON, DAILY)], False),
        (4, [(MIDNIGHT, NEW_YEAR), (NOON, DAY)], True),
        (4, [(MIDNIGHT, DAILY)], False),
        (5, [(MIDNIGHT, FIRST), (NOON, DAILY)], True),
        (5, [(ODD, FIRST)], False),
    ],
)
def test_entries_by_type(kind: int, entries: list[tuple], allowed: bool) -> None:
    one = SingleActionSchedule("0.0.15.0.0.255", type=kind)
    if allowed:
        one.execution_time = entries
        assert one.execution_time == entries
    else:
        with pytest.raises(ServiceError):
            one.execution_time = entries
        assert one.execution_time == []
