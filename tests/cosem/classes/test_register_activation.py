"""Masks decide which tariff registers count."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.register_activation import RegisterActivation
from dlmskit.types.obis import Obis

RATES = [Obis(f"1.0.1.8.{rate}.255") for rate in (1, 2)]


@pytest.fixture
def tariffs() -> RegisterActivation:
    one = RegisterActivation("0.0.14.0.0.255", mask_list=[(b"T1", [1]), (b"T2", [2])], active_mask=b"T1")
    for rate in RATES:
        one.action(1, Data.structure([Data.long_unsigned(3), Data.octet_string(rate)]))
    return one


def active(one: RegisterActivation) -> list[bool]:
    return [one.is_active(3, rate) for rate in RATES]


def test_the_active_mask_decides(tariffs: RegisterActivation) -> None:
    assert active(tariffs) == [True, False]
    tariffs.set(4, Data.octet_string(b"T2"))
    assert active(tariffs) == [False, True]
    tariffs.set(4, Data.octet_string(b"unknown"))
    assert active(tariffs) == [False, False]
    assert tariffs.is_active(3, Obis("1.0.2.8.1.255"))


def test_a_mask_of_the_same_name_is_replaced(tariffs: RegisterActivation) -> None:
    both = Data.structure([Data.octet_string(b"T1"), Data.array([Data.unsigned(1), Data.unsigned(2)])])
    tariffs.action(2, both)
    assert [mask.mask_name for mask in tariffs.mask_list] == [b"T2", b"T1"]
    assert active(tariffs) == [True, True]


def test_a_mask_is_deleted(tariffs: RegisterActivation) -> None:
    tariffs.action(3, Data.octet_string(b"T1"))
    tariffs.action(3, Data.octet_string(b"never there"))
    assert [mask.mask_name for mask in tariffs.mask_list] == [b"T2"]
    assert active(tariffs) == [False, False]
