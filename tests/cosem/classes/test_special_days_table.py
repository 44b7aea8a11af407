"""Entries are replaced by index and by date."""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.special_days_table import SpecialDaysTable
from dlmskit.types.datetime import CosemDate


def entry(index: int, day: int, day_id: int) -> Data:
    date = Data.octet_string(CosemDate.of(None, 12, day))
    return Data.structure([Data.long_unsigned(index), date, Data.unsigned(day_id)])


def test_insert_and_delete() -> None:
    one = SpecialDaysTable("0.0.11.0.0.255")
    for inserted in (entry(1, 25, 1), entry(2, 26, 1), entry(3, 25, 2), entry(2, 31, 3)):
        one.action(1, inserted)
    assert [(found.index, found.specialday_date.day, found.day_id) for found in one.entries] == [(3, 25, 2), (2, 31, 3)]
    one.action(2, Data.long_unsigned(3))
    one.action(2, Data.long_unsigned(99))
    assert [found.index for found in one.entries] == [2]
