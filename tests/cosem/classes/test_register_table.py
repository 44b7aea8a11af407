"""Cells that differ in group E: captured, selected, cleared."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.classes.register_table import RegisterTable
from dlmskit.cosem.declaration import Request
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ServiceError


@pytest.fixture
def table() -> RegisterTable:
    cells = [Register(f"1.0.32.7.{rate}.255", value=Data.long_unsigned(2300 + rate)) for rate in (1, 2, 5)]
    made = RegisterTable("1.0.32.7.126.255", table_cell_definition=(3, "1.0.32.7.126.255", [1, 2, 5, 9], 2))
    ObjectTree([made, *cells])
    return made


def cells(*rates: int) -> Request:
    return Request(2, 1, Data.array([Data.unsigned(rate) for rate in rates]))


def test_capture_and_reset(table: RegisterTable) -> None:
    table.action(2, Data.integer(0))
    assert table.get(2) == Data.array([*(Data.long_unsigned(2300 + rate) for rate in (1, 2, 5)), Data.null()])
    table.action(1, Data.integer(0))
    assert table.get(2) == Data.array([*[Data.long_unsigned(0)] * 3, Data.null()])


def test_cells_by_their_group(table: RegisterTable) -> None:
    table.action(2, Data.integer(0))
    assert table.get(2, cells(5, 1)) == Data.array([Data.long_unsigned(2305), Data.long_unsigned(2301)])


@pytest.mark.parametrize(
    "request_", [cells(3), cells(1, 1), Request(2, 1, None), Request(2, 1, Data.null()), Request(2, 2, Data.null())]
)
def test_what_is_no_cell(table: RegisterTable, request_: Request) -> None:
    table.action(2, Data.integer(0))
    with pytest.raises(ServiceError):
        table.get(2, request_)


def test_nothing_is_selected_before_a_capture(table: RegisterTable) -> None:
    with pytest.raises(ServiceError):
        table.get(2, cells(1))
