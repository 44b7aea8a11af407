"""Registers keep value, scaler and unit; reset clears the value in the type that it has."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.register import Register
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult


@pytest.mark.parametrize(
    ("value", "cleared"),
    [
        (Data.double_long_unsigned(12345), Data.double_long_unsigned(0)),
        (Data.long64(-1), Data.long64(0)),
        (Data.float32(1.5), Data.float32(0.0)),
        (Data.octet_string(b"abc"), Data.octet_string(b"")),
        (Data.bit_string("1011"), Data.bit_string("0000")),
        (Data.null(), Data.null()),
    ],
)
def test_reset(value: Data, cleared: Data) -> None:
    one = Register("1.0.1.8.0.255", value=value, scaler_unit=(-3, 30))
    one.action(1, Data.integer(0))
    assert one.get(2) == cleared
    assert one.scaler_unit == (-3, 30)


def test_without_unit_it_is_a_count() -> None:
    assert Register("1.0.1.8.0.255").get(3) == Data.structure([Data.integer(0), Data.enum(255)])


def test_a_structure_is_no_value() -> None:
    one = Register("1.0.1.8.0.255", value=Data.long(1))
    with pytest.raises(ServiceError) as refusal:
        one.set(2, Data.structure([]))
    assert refusal.value.code == DataAccessResult.TYPE_UNMATCHED
    assert one.value == 1
