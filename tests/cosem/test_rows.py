"""The store in memory keeps rows in order of arrival."""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.cosem.rows import MemoryRowStore, RowStore


def test_rows_in_order() -> None:
    store: RowStore = MemoryRowStore()
    rows = [Data.structure([Data.unsigned(number)]) for number in range(5)]
    for row in rows:
        store.append(row)
    assert len(store) == 5
    assert list(store.rows(1, 3)) == rows[1:3]
    store.remove(0)
    assert list(store.rows(0, 99)) == rows[1:]
    store.clear()
    assert len(store) == 0
    assert list(store.rows(0, 1)) == []
