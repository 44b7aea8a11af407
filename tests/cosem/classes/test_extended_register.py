"""Reset clears value and status, and leaves the time of the reset."""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.extended_register import ExtendedRegister
from dlmskit.cosem.objects import ObjectTree
from dlmskit.types.datetime import CosemDateTime
from tests.cosem.peers import StandingClock


def test_reset() -> None:
    tree = ObjectTree(clock=StandingClock())
    one = tree.add(ExtendedRegister("1.0.1.6.0.255", value=Data.long_unsigned(9), status=Data.unsigned(3)))
    assert one.capture_time == CosemDateTime.of()
    one.action(1)
    assert (one.get(2), one.get(4)) == (Data.long_unsigned(0), Data.unsigned(0))
    assert str(one.capture_time) == "2024-01-15 12:00:00 +00:00"
