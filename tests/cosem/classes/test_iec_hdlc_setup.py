"""Parameters of the link keep within what HDLC allows, by version."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.iec_hdlc_setup import IecHdlcSetup, IecHdlcSetupV0
from dlmskit.errors import ServiceError


@pytest.mark.parametrize(
    ("version", "number", "value", "allowed"),
    [
        (IecHdlcSetup, 3, Data.unsigned(7), True),
        (IecHdlcSetup, 3, Data.unsigned(8), False),
        (IecHdlcSetup, 4, Data.unsigned(0), False),
        (IecHdlcSetup, 5, Data.long_unsigned(2030), True),
        (IecHdlcSetup, 5, Data.long_unsigned(2031), False),
        (IecHdlcSetup, 5, Data.unsigned(128), False),
        (IecHdlcSetupV0, 5, Data.unsigned(128), True),
        (IecHdlcSetupV0, 6, Data.unsigned(129), False),
        (IecHdlcSetup, 7, Data.long_unsigned(6001), False),
        (IecHdlcSetup, 9, Data.long_unsigned(0x3FFD), True),
        (IecHdlcSetup, 9, Data.long_unsigned(0x3FFE), False),
        (IecHdlcSetup, 2, Data.enum(10), False),
    ],
)
def test_ranges(version: type[IecHdlcSetupV0], number: int, value: Data, allowed: bool) -> None:
    one = version("0.0.22.0.0.255")
    before = one.get(number)
    if allowed:
        one.set(number, value)
        assert one.get(number) == value
    else:
        with pytest.raises(ServiceError):
            one.set(number, value)
        assert one.get(number) == before
