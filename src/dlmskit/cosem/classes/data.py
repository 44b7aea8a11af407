"""Interface class 1, Data (Blue Book 4.3.1): one value of any type, without scaler and unit."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class Data(InterfaceClass, class_id=1, version=0, name="Data"):
    """A single value: identifiers, counters, error and alarm words, the logical device name."""

    value = attribute(2, "any", dynamic=True, writable=True)
