"""Class 1 holds anything and keeps it as it came."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.data import Data as DataObject


@pytest.mark.parametrize("value", [Data.null(), Data.visible_string("x"), Data.array([Data.long(1)]), Data.structure([])])
def test_any_value(value: Data) -> None:
    one = DataObject("0.0.96.1.0.255", value=value)
    assert one.get(2) == value
    one.set(2, Data.unsigned(1))
    assert one.value == 1


def test_a_number_keeps_the_type_that_it_has() -> None:
    one = DataObject("0.0.43.1.0.255", value=Data.double_long_unsigned(7))
    one.value += 1
    assert one.get(2) == Data.double_long_unsigned(8)
