"""Passwords of the optical port are written, never read."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.iec_local_port_setup import IecLocalPortSetup
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.view import ObjectView
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult


@pytest.mark.parametrize("number", [7, 8, 9])
def test_passwords(number: int) -> None:
    tree = ObjectTree([IecLocalPortSetup("0.0.20.0.0.255")])
    (one,) = tree
    client = ObjectView(tree, tree.full_role("all"))
    assert client.set(*one.key, number, Data.octet_string(b"pass")).result == DataAccessResult.SUCCESS
    assert client.get(*one.key, number).result == DataAccessResult.READ_WRITE_DENIED
    assert one.stored(number) == Data.octet_string(b"pass")


def test_a_speed_that_is_none() -> None:
    with pytest.raises(ServiceError):
        IecLocalPortSetup("0.0.20.0.0.255").set(3, Data.enum(10))
