"""Thresholds keep their types."""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.limiter import Limiter


def test_values() -> None:
    one = Limiter("0.0.17.0.0.255", threshold_normal=Data.long_unsigned(5000), monitored_value=(3, "1.0.1.7.0.255", 2))
    one.threshold_normal = 6000
    assert one.get(4) == Data.long_unsigned(6000)
    assert one.monitored_value.attribute_index == 2
    assert one.actions.action_over_threshold.script_selector == 0
